-- Finds a doji: it closes where it opened.
create or replace function ta.cdldoji(
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
  result double precision[] := ta.candle_result('cdldoji', 10, open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
begin
  for bar in 1..coalesce(cardinality(result), 0) loop
    if result[bar] = 0 and abs(close[bar] - open[bar]) <= doji_body[bar] then
      result[bar] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdldoji(double precision[], double precision[], double precision[], double precision[]) is
$$Doji: the body is at most a tenth of the usual range. Result: as long as close; on such a candle 100 (indecision), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 11 bars has a NULL, NaN or infinity. Warm-up: 10 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLDOJI with its default candle settings (see ta.candle_average).
lookback: 10$$;

revoke all on function ta.cdldoji(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdldoji(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
