-- Finds upside or downside gap three methods: a gap that the third candle closes.
create or replace function ta.cdlxsidegap3methods(
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
  result double precision[] := ta.candle_result('cdlxsidegap3methods', 2, open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0 then
      result[third] := case
        -- Two white candles with a gap up; a black one opens inside the second body and closes inside the first.
        when close[first] >= open[first] and close[second] >= open[second] and open[second] > close[first]
          and close[third] < open[third]
          and open[third] < close[second] and open[third] > open[second]
          and close[third] < close[first] and close[third] > open[first]
        then 100
        -- Two black candles with a gap down; a white one opens inside the second body and closes inside the first.
        when close[first] < open[first] and close[second] < open[second] and open[second] < close[first]
          and close[third] >= open[third]
          and open[third] < open[second] and open[third] > close[second]
          and close[third] < open[first] and close[third] > close[first]
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlxsidegap3methods(double precision[], double precision[], double precision[], double precision[]) is
$$Gap three methods: two candles of one colour with a gap between their bodies in that direction, and one of the other colour that opens inside the second
body and closes inside the first. Result: as long as close; on the last bar of a pattern 100 (bullish) after white candles, -100 (bearish) after black ones,
else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 3 bars has a NULL, NaN or infinity. Warm-up: 2 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLXSIDEGAP3METHODS.
lookback: 2$$;

revoke all on function ta.cdlxsidegap3methods(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlxsidegap3methods(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
