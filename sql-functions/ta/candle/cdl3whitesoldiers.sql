-- Finds three white soldiers: three white candles that climb without a pause.
create or replace function ta.cdl3whitesoldiers(
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
  result double precision[] := ta.candle_result('cdl3whitesoldiers', 12, open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  far constant double precision[] := ta.candle_average('Far', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- Three white candles with rising closes and hardly an upper shadow:
      and close[first] >= open[first]
      and close[second] >= open[second]
      and close[third] >= open[third]
      and close[second] > close[first]
      and close[third] > close[second]
      and high[first] - close[first] < very_short_shadow[first]
      and high[second] - close[second] < very_short_shadow[second]
      and high[third] - close[third] < very_short_shadow[third]
      -- each opens inside or near the body before it,
      and open[second] > open[first]
      and open[second] <= close[first] + near[first]
      and open[third] > open[second]
      and open[third] <= close[second] + near[second]
      -- and none is far shorter than the one before it; the last is not short.
      and close[second] - open[second] > close[first] - open[first] - far[first]
      and close[third] - open[third] > close[second] - open[second] - far[second]
      and close[third] - open[third] > short_body[third]
    then
      result[third] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl3whitesoldiers(double precision[], double precision[], double precision[], double precision[]) is
$$Three advancing white soldiers: three white candles without upper shadows, with rising closes, each of which opens inside or near the body before and is not
far shorter than it; the last is not short. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL3WHITESOLDIERS with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdl3whitesoldiers(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl3whitesoldiers(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
