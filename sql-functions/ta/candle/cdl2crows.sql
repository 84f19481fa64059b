-- Finds two crows: black candles that turn a rise after a gap.
create or replace function ta.cdl2crows(
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
  result double precision[] := ta.candle_result('cdl2crows', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- A long white candle,
      and close[first] - open[first] > long_body[first]
      -- a black one whose body lies above it,
      and close[second] < open[second]
      and close[second] > close[first]
      -- and a black one that opens inside the second body and closes inside the first.
      and close[third] < open[third]
      and open[third] < open[second]
      and open[third] > close[second]
      and close[third] > open[first]
      and close[third] < close[first]
    then
      result[third] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl2crows(double precision[], double precision[], double precision[], double precision[]) is
$$Two crows: a long white candle, a black one whose body lies above it, and a black one that opens inside the second body and closes inside the first. Result:
as long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL2CROWS with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdl2crows(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl2crows(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
