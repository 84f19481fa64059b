-- Finds a ladder bottom: a fall in steps, a black candle with an upper shadow, and a jump.
create or replace function ta.cdlladderbottom(
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
  result double precision[] := ta.candle_result('cdlladderbottom', 14, open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  first integer;
  second integer;
  third integer;
  fourth integer;
begin
  for fifth in 5..coalesce(cardinality(result), 0) loop
    first := fifth - 4;
    second := fifth - 3;
    third := fifth - 2;
    fourth := fifth - 1;
    if result[fifth] = 0
      -- Three black candles with falling opens and closes,
      and close[first] < open[first]
      and close[second] < open[second]
      and close[third] < open[third]
      and open[second] < open[first]
      and open[third] < open[second]
      and close[second] < close[first]
      and close[third] < close[second]
      -- a black one with an upper shadow,
      and close[fourth] < open[fourth]
      and high[fourth] - open[fourth] > very_short_shadow[fourth]
      -- and a white one that opens above its body and closes above its high.
      and close[fifth] >= open[fifth]
      and open[fifth] > open[fourth]
      and close[fifth] > high[fourth]
    then
      result[fifth] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlladderbottom(double precision[], double precision[], double precision[], double precision[]) is
$$Ladder bottom: three black candles with falling opens and closes, a black one with an upper shadow, and a white one that opens above its body and closes
above its high. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 15 bars has a NULL, NaN or infinity. Warm-up: 14 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLLADDERBOTTOM with its default candle settings (see ta.candle_average).
lookback: 14$$;

revoke all on function ta.cdlladderbottom(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlladderbottom(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
