-- Finds a doji star: a doji that gaps away from a long candle.
create or replace function ta.cdldojistar(
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
  result double precision[] := ta.candle_result('cdldojistar', 11, open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0 and abs(close[second] - open[second]) <= doji_body[second] then
      result[second] := case
        when close[first] - open[first] > long_body[first] and least(open[second], close[second]) > close[first] then -100
        when open[first] - close[first] > long_body[first] and greatest(open[second], close[second]) < close[first] then 100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdldojistar(double precision[], double precision[], double precision[], double precision[]) is
$$Doji star: a long candle, then a doji whose body lies above a white one or below a black one. Result: as long as close; on the last bar of a pattern -100
(bearish) after a white candle, 100 (bullish) after a black one, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLDOJISTAR with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdldojistar(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdldojistar(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
