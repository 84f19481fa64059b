-- Finds three outside up or down: an engulfing pattern and its confirmation.
create or replace function ta.cdl3outside(
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
  result double precision[] := ta.candle_result('cdl3outside', 3, open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0 then
      result[third] := case
        -- A white body around a black one, and a higher close.
        when close[first] < open[first] and close[second] >= open[second]
          and close[second] > open[first] and open[second] < close[first]
          and close[third] > close[second]
        then 100
        -- A black body around a white one, and a lower close.
        when close[first] >= open[first] and close[second] < open[second]
          and open[second] > close[first] and close[second] < open[first]
          and close[third] < close[second]
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl3outside(double precision[], double precision[], double precision[], double precision[]) is
$$Three outside: a body that covers the opposite one before it, then a close further in its direction. Result: as long as close; on the last bar of a pattern
100 (bullish) where the second candle is white, -100 (bearish) where it is black, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 4 bars has a NULL, NaN or infinity. Warm-up: 3 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL3OUTSIDE.
lookback: 3$$;

revoke all on function ta.cdl3outside(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl3outside(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
