-- Finds a stick sandwich: a white candle between two black ones that close alike.
create or replace function ta.cdlsticksandwich(
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
  result double precision[] := ta.candle_result('cdlsticksandwich', 7, open, high, low, close);
  equal constant double precision[] := ta.candle_average('Equal', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      and close[first] < open[first]
      and close[second] >= open[second]
      and low[second] > close[first]
      and close[third] < open[third]
      and close[third] <= close[first] + equal[first]
      and close[third] >= close[first] - equal[first]
    then
      result[third] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlsticksandwich(double precision[], double precision[], double precision[], double precision[]) is
$$Stick sandwich: a black candle, a white one that trades above its close, and a black one with the close of the first. Result: as long as close; on the last
bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 8 bars has a NULL, NaN or infinity. Warm-up: 7 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLSTICKSANDWICH with its default candle settings (see ta.candle_average).
lookback: 7$$;

revoke all on function ta.cdlsticksandwich(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlsticksandwich(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
