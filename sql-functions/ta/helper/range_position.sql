-- Places the close in the range of the last bars, in percent.
create or replace function ta.range_position(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  period integer,
  from_top boolean
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  highest double precision[];
  lowest double precision[];
  result double precision[];
  extent double precision;
begin
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  highest := ta.window_extreme(kernel, high, period, period, 1, 'value');
  lowest := ta.window_extreme(kernel, low, period, period, -1, 'value');
  result := array_fill(null::double precision, array[bars]);
  for i in period..bars loop
    extent := highest[i] - lowest[i];
    if extent is not null and abs(close[i]) < 'infinity' then
      result[i] := case when extent = 0 then 0 when from_top then (close[i] - highest[i]) / extent * 100 else (close[i] - lowest[i]) / extent * 100 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.range_position(text, double precision[], double precision[], double precision[], integer, boolean) is
$$Helper of the kernels: where the close lies between the lowest low and the highest high of the last bars, in percent of that range; 0 where the range is 0.
Arguments: kernel, the name for messages; high, low, close; period in bars; from_top, counted downwards from the highest high (0 to -100) instead of upwards
from the lowest low.
NULL while the highs or lows of the window, or the close of the bar, have a NULL, NaN or infinity. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.range_position(text, double precision[], double precision[], double precision[], integer, boolean) from public;
grant execute on function ta.range_position(text, double precision[], double precision[], double precision[], integer, boolean) to marketbase_reader;
