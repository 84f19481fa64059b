-- Finds a homing pigeon: a short black body inside a long black one.
create or replace function ta.cdlhomingpigeon(
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
  result double precision[] := ta.candle_result('cdlhomingpigeon', 11, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      -- A long black candle,
      and open[first] - close[first] > long_body[first]
      -- and a short black one inside its body.
      and close[second] < open[second]
      and open[second] - close[second] <= short_body[second]
      and open[second] < open[first]
      and close[second] > close[first]
    then
      result[second] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlhomingpigeon(double precision[], double precision[], double precision[], double precision[]) is
$$Homing pigeon: a long black candle, then a short black one inside its body. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLHOMINGPIGEON with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdlhomingpigeon(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlhomingpigeon(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
