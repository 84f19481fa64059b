-- Finds three identical crows: three black candles, each opening at the close before.
create or replace function ta.cdlidentical3crows(
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
  result double precision[] := ta.candle_result('cdlidentical3crows', 12, open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  equal constant double precision[] := ta.candle_average('Equal', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- Three black candles with falling closes and hardly a lower shadow,
      and close[first] < open[first]
      and close[second] < open[second]
      and close[third] < open[third]
      and close[second] < close[first]
      and close[third] < close[second]
      and close[first] - low[first] < very_short_shadow[first]
      and close[second] - low[second] < very_short_shadow[second]
      and close[third] - low[third] < very_short_shadow[third]
      -- that open where the one before closed.
      and open[second] <= close[first] + equal[first]
      and open[second] >= close[first] - equal[first]
      and open[third] <= close[second] + equal[second]
      and open[third] >= close[second] - equal[second]
    then
      result[third] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlidentical3crows(double precision[], double precision[], double precision[], double precision[]) is
$$Identical three crows: three black candles without lower shadows, with falling closes, each of which opens at the close of the one before. Result: as long
as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLIDENTICAL3CROWS with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdlidentical3crows(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlidentical3crows(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
