-- Finds a concealing baby swallow: four black candles, the last around the third.
create or replace function ta.cdlconcealbabyswall(
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
  result double precision[] := ta.candle_result('cdlconcealbabyswall', 13, open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  first integer;
  second integer;
  third integer;
begin
  for fourth in 4..coalesce(cardinality(result), 0) loop
    first := fourth - 3;
    second := fourth - 2;
    third := fourth - 1;
    if result[fourth] = 0
      -- Two black marubozu,
      and close[first] < open[first]
      and high[first] - open[first] < very_short_shadow[first]
      and close[first] - low[first] < very_short_shadow[first]
      and close[second] < open[second]
      and high[second] - open[second] < very_short_shadow[second]
      and close[second] - low[second] < very_short_shadow[second]
      -- a black one below them, with an upper shadow that reaches into the second body,
      and close[third] < open[third]
      and open[third] < close[second]
      and high[third] - open[third] > very_short_shadow[third]
      and high[third] > close[second]
      -- and a black one around all of it.
      and close[fourth] < open[fourth]
      and high[fourth] > high[third]
      and low[fourth] < low[third]
    then
      result[fourth] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlconcealbabyswall(double precision[], double precision[], double precision[], double precision[]) is
$$Concealing baby swallow: two black marubozu, a black candle whose body lies below them but whose upper shadow reaches into them, and a black one around its
whole range. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 14 bars has a NULL, NaN or infinity. Warm-up: 13 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLCONCEALBABYSWALL with its default candle settings (see ta.candle_average).
lookback: 13$$;

revoke all on function ta.cdlconcealbabyswall(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlconcealbabyswall(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
