-- Finds a stalled pattern: two long white candles and a short one on their shoulder.
create or replace function ta.cdlstalledpattern(
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
  result double precision[] := ta.candle_result('cdlstalledpattern', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- Three white candles with rising closes:
      and close[first] >= open[first]
      and close[second] >= open[second]
      and close[third] >= open[third]
      and close[second] > close[first]
      and close[third] > close[second]
      -- a long one,
      and close[first] - open[first] > long_body[first]
      -- another without an upper shadow that opens inside or near the body of the first,
      and close[second] - open[second] > long_body[second]
      and high[second] - close[second] < very_short_shadow[second]
      and open[second] > open[first]
      and open[second] <= close[first] + near[first]
      -- and a short one that opens about where the second closed, or no more than its own body below.
      and close[third] - open[third] < short_body[third]
      and open[third] >= close[second] - (close[third] - open[third]) - near[second]
    then
      result[third] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlstalledpattern(double precision[], double precision[], double precision[], double precision[]) is
$$Stalled pattern: three white candles with rising closes, two long ones, the second without an upper shadow and opening inside or near the first body, then a
short one that rides on its shoulder. Result: as long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLSTALLEDPATTERN with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdlstalledpattern(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlstalledpattern(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
