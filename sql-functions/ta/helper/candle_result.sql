-- Begins the result of a candlestick pattern: 0 where all its bars are there.
create or replace function ta.candle_result(
  kernel text,
  lookback integer,
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  complete integer := 0;
begin
  perform ta.check_series(kernel, 'open', open, bars);
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if open is null or high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for bar in 1..bars loop
    if abs(open[bar]) < 'infinity' and abs(high[bar]) < 'infinity' and abs(low[bar]) < 'infinity' and abs(close[bar]) < 'infinity' then
      complete := complete + 1;
      if complete > lookback then
        result[bar] := 0;
      end if;
    else
      complete := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.candle_result(text, integer, double precision[], double precision[], double precision[], double precision[]) is
$$Helper of the kernels: an array as long as the candles, 0 on bars that may end a pattern and NULL on the others: those of the warm-up and those with a NULL,
NaN or infinity in their window. A pattern looks only at bars with 0.
Arguments: kernel, the name for messages; lookback, how many earlier bars the pattern needs; open, high, low, close. NULL when one of the arrays is NULL.
Errors: MB001 for bad arrays.$$;

revoke all on function ta.candle_result(text, integer, double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.candle_result(text, integer, double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
