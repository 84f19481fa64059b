-- Finds a gravestone doji: it opened and closed at the low, after a rise.
create or replace function ta.cdlgravestonedoji(
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
  result double precision[] := ta.candle_result('cdlgravestonedoji', 10, open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
begin
  for bar in 1..coalesce(cardinality(result), 0) loop
    if result[bar] = 0
      and abs(close[bar] - open[bar]) <= doji_body[bar]
      and least(open[bar], close[bar]) - low[bar] < very_short_shadow[bar]
      and high[bar] - greatest(open[bar], close[bar]) > very_short_shadow[bar]
    then
      result[bar] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlgravestonedoji(double precision[], double precision[], double precision[], double precision[]) is
$$Gravestone doji: a doji without a lower shadow, but with an upper one. Result: as long as close; on such a candle 100 (bearish in an uptrend; TA-Lib gives
it the positive sign), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 11 bars has a NULL, NaN or infinity. Warm-up: 10 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLGRAVESTONEDOJI with its default candle settings (see ta.candle_average).
lookback: 10$$;

revoke all on function ta.cdlgravestonedoji(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlgravestonedoji(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
