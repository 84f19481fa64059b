-- Finds an upside gap with two crows: two black candles above a long white one, the second around the first.
create or replace function ta.cdlupsidegap2crows(
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
  result double precision[] := ta.candle_result('cdlupsidegap2crows', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- A long white candle,
      and close[first] - open[first] > long_body[first]
      -- a short black one whose body lies above it,
      and close[second] < open[second]
      and open[second] - close[second] <= short_body[second]
      and close[second] > close[first]
      -- and a black one around the second body that closes above the first.
      and close[third] < open[third]
      and open[third] > open[second]
      and close[third] < close[second]
      and close[third] > close[first]
    then
      result[third] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlupsidegap2crows(double precision[], double precision[], double precision[], double precision[]) is
$$Upside gap two crows: a long white candle, a short black one whose body lies above it, and a black one around the second body that closes above the first.
Result: as long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLUPSIDEGAP2CROWS with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdlupsidegap2crows(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlupsidegap2crows(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
