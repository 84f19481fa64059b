-- Finds three stars in the south: three black candles, each inside less ground than the one before.
create or replace function ta.cdl3starsinsouth(
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
  result double precision[] := ta.candle_result('cdl3starsinsouth', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  long_shadow constant double precision[] := ta.candle_average('ShadowLong', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- A long black candle with a long lower shadow,
      and open[first] - close[first] > long_body[first]
      and close[first] - low[first] > long_shadow[first]
      -- a smaller black one that opens inside the range of the first, trades below its close, but not below its low, and has a lower shadow,
      and close[second] < open[second]
      and open[second] - close[second] < open[first] - close[first]
      and open[second] > close[first]
      and open[second] <= high[first]
      and low[second] < close[first]
      and low[second] >= low[first]
      and close[second] - low[second] > very_short_shadow[second]
      -- and a short black one without shadows inside the range of the second.
      and close[third] < open[third]
      and open[third] - close[third] < short_body[third]
      and close[third] - low[third] < very_short_shadow[third]
      and high[third] - open[third] < very_short_shadow[third]
      and low[third] > low[second]
      and high[third] < high[second]
    then
      result[third] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl3starsinsouth(double precision[], double precision[], double precision[], double precision[]) is
$$Three stars in the south: a long black candle with a long lower shadow, a smaller black one that opens higher and holds the low, and a short black one
without shadows inside the range of the second. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL3STARSINSOUTH with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdl3starsinsouth(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl3starsinsouth(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
