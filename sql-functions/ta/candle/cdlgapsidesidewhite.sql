-- Finds side-by-side white lines after a gap: two white candles alike.
create or replace function ta.cdlgapsidesidewhite(
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
  result double precision[] := ta.candle_result('cdlgapsidesidewhite', 7, open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  equal constant double precision[] := ta.candle_average('Equal', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- Two white candles with equal opens and bodies of about the same size,
      and close[second] >= open[second]
      and close[third] >= open[third]
      and open[third] <= open[second] + equal[second]
      and open[third] >= open[second] - equal[second]
      and close[third] - open[third] <= close[second] - open[second] + near[second]
      and close[third] - open[third] >= close[second] - open[second] - near[second]
    then
      -- both above or both below the first body.
      result[third] := case
        when open[second] > greatest(open[first], close[first]) and open[third] > greatest(open[first], close[first]) then 100
        when close[second] < least(open[first], close[first]) and close[third] < least(open[first], close[first]) then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlgapsidesidewhite(double precision[], double precision[], double precision[], double precision[]) is
$$Gap side-by-side white lines: after a gap two white candles with equal opens and bodies of about the same size, both above or both below the first body.
Result: as long as close; on the last bar of a pattern 100 (bullish) after a gap up, -100 (bearish) after a gap down, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 8 bars has a NULL, NaN or infinity. Warm-up: 7 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLGAPSIDESIDEWHITE with its default candle settings (see ta.candle_average).
lookback: 7$$;

revoke all on function ta.cdlgapsidesidewhite(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlgapsidesidewhite(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
