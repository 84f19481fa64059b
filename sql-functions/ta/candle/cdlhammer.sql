-- Finds a hammer: a short body at the top of a long lower shadow, near the low before it.
create or replace function ta.cdlhammer(
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
  result double precision[] := ta.candle_result('cdlhammer', 11, open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  long_shadow constant double precision[] := ta.candle_average('ShadowLong', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      and abs(close[second] - open[second]) < short_body[second]
      and least(open[second], close[second]) - low[second] > long_shadow[second]
      and high[second] - greatest(open[second], close[second]) < very_short_shadow[second]
      and least(open[second], close[second]) <= low[first] + near[first]
    then
      result[second] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlhammer(double precision[], double precision[], double precision[], double precision[]) is
$$Hammer: a short body, a long lower shadow, hardly an upper one, and the body near or below the low of the candle before. Result: as long as close; on the
last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLHAMMER with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdlhammer(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlhammer(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
