-- Finds an advance block: three white candles that weaken.
create or replace function ta.cdladvanceblock(
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
  result double precision[] := ta.candle_result('cdladvanceblock', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_shadow constant double precision[] := ta.candle_average('ShadowShort', open, high, low, close);
  long_shadow constant double precision[] := ta.candle_average('ShadowLong', open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  far constant double precision[] := ta.candle_average('Far', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- Three white candles with rising closes, each of which opens inside or near the body before it,
      and close[first] >= open[first]
      and close[second] >= open[second]
      and close[third] >= open[third]
      and close[second] > close[first]
      and close[third] > close[second]
      and open[second] > open[first]
      and open[second] <= close[first] + near[first]
      and open[third] > open[second]
      and open[third] <= close[second] + near[second]
      -- the first one long with a short upper shadow,
      and close[first] - open[first] > long_body[first]
      and high[first] - close[first] < short_shadow[first]
      and (
        -- and then the second far smaller than the first and the third not much longer than the second,
        (
          close[second] - open[second] < close[first] - open[first] - far[first]
          and close[third] - open[third] < close[second] - open[second] + near[second]
        )
        -- or the third far smaller than the second,
        or close[third] - open[third] < close[second] - open[second] - far[second]
        -- or each smaller than the one before, the second or third with an upper shadow that is not short,
        or (
          close[third] - open[third] < close[second] - open[second]
          and close[second] - open[second] < close[first] - open[first]
          and (high[third] - close[third] > short_shadow[third] or high[second] - close[second] > short_shadow[second])
        )
        -- or the third smaller than the second and with a long upper shadow.
        or (close[third] - open[third] < close[second] - open[second] and high[third] - close[third] > long_shadow[third])
      )
    then
      result[third] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdladvanceblock(double precision[], double precision[], double precision[], double precision[]) is
$$Advance block: three white candles with rising closes, each of which opens inside or near the body before, the first long with a short upper shadow, and
signs that the advance weakens: smaller bodies or long upper shadows. Result: as long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLADVANCEBLOCK with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdladvanceblock(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdladvanceblock(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
