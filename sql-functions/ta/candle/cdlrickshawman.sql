-- Finds a rickshaw man: a doji with two long shadows, its body near the middle.
create or replace function ta.cdlrickshawman(
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
  result double precision[] := ta.candle_result('cdlrickshawman', 10, open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
  long_shadow constant double precision[] := ta.candle_average('ShadowLong', open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
begin
  for bar in 1..coalesce(cardinality(result), 0) loop
    if result[bar] = 0
      and abs(close[bar] - open[bar]) <= doji_body[bar]
      and least(open[bar], close[bar]) - low[bar] > long_shadow[bar]
      and high[bar] - greatest(open[bar], close[bar]) > long_shadow[bar]
      -- The body reaches to within near of the middle, from above and from below.
      and least(open[bar], close[bar]) <= low[bar] + (high[bar] - low[bar]) / 2 + near[bar]
      and greatest(open[bar], close[bar]) >= low[bar] + (high[bar] - low[bar]) / 2 - near[bar]
    then
      result[bar] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlrickshawman(double precision[], double precision[], double precision[], double precision[]) is
$$Rickshaw man: a doji with two shadows longer than the body, which is near the middle of the range. Result: as long as close; on such a candle 100
(indecision), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 11 bars has a NULL, NaN or infinity. Warm-up: 10 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLRICKSHAWMAN with its default candle settings (see ta.candle_average).
lookback: 10$$;

revoke all on function ta.cdlrickshawman(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlrickshawman(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
