-- Finds a matching low: two black candles that close alike.
create or replace function ta.cdlmatchinglow(
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
  result double precision[] := ta.candle_result('cdlmatchinglow', 6, open, high, low, close);
  equal constant double precision[] := ta.candle_average('Equal', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      and close[first] < open[first]
      and close[second] < open[second]
      and close[second] <= close[first] + equal[first]
      and close[second] >= close[first] - equal[first]
    then
      result[second] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlmatchinglow(double precision[], double precision[], double precision[], double precision[]) is
$$Matching low: two black candles with equal closes. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 7 bars has a NULL, NaN or infinity. Warm-up: 6 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLMATCHINGLOW with its default candle settings (see ta.candle_average).
lookback: 6$$;

revoke all on function ta.cdlmatchinglow(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlmatchinglow(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
