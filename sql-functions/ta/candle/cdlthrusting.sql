-- Finds a thrusting line: after a long black candle a white one that closes in the lower half of its body.
create or replace function ta.cdlthrusting(
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
  result double precision[] := ta.candle_result('cdlthrusting', 11, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  equal constant double precision[] := ta.candle_average('Equal', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      and open[first] - close[first] > long_body[first]
      and close[second] >= open[second]
      and open[second] < low[first]
      and close[second] > close[first] + equal[first]
      and close[second] <= close[first] + (open[first] - close[first]) * 0.5
    then
      result[second] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlthrusting(double precision[], double precision[], double precision[], double precision[]) is
$$Thrusting: a long black candle, then a white one that opens below its low and closes inside its body, above its close but not above its middle. Result: as
long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLTHRUSTING with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdlthrusting(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlthrusting(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
