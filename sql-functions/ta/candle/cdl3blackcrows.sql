-- Finds three black crows: three black candles that fall without a pause.
create or replace function ta.cdl3blackcrows(
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
  result double precision[] := ta.candle_result('cdl3blackcrows', 13, open, high, low, close);
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
      and close[first] >= open[first]
      -- Three black candles with falling closes and hardly a lower shadow, the first one below the high of the white one,
      and close[second] < open[second]
      and close[third] < open[third]
      and close[fourth] < open[fourth]
      and close[second] < high[first]
      and close[third] < close[second]
      and close[fourth] < close[third]
      and close[second] - low[second] < very_short_shadow[second]
      and close[third] - low[third] < very_short_shadow[third]
      and close[fourth] - low[fourth] < very_short_shadow[fourth]
      -- that open inside the body before.
      and open[third] < open[second]
      and open[third] > close[second]
      and open[fourth] < open[third]
      and open[fourth] > close[third]
    then
      result[fourth] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl3blackcrows(double precision[], double precision[], double precision[], double precision[]) is
$$Three black crows: after a white candle three black ones without lower shadows, with falling closes, the first closing below the high of the white one; the
second and third open inside the body before. Result: as long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 14 bars has a NULL, NaN or infinity. Warm-up: 13 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL3BLACKCROWS with its default candle settings (see ta.candle_average).
lookback: 13$$;

revoke all on function ta.cdl3blackcrows(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl3blackcrows(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
