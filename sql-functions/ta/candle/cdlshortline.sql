-- Finds a short line: a short candle with short shadows.
create or replace function ta.cdlshortline(
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
  result double precision[] := ta.candle_result('cdlshortline', 10, open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  short_shadow constant double precision[] := ta.candle_average('ShadowShort', open, high, low, close);
begin
  for bar in 1..coalesce(cardinality(result), 0) loop
    if result[bar] = 0
      and abs(close[bar] - open[bar]) < short_body[bar]
      and high[bar] - greatest(open[bar], close[bar]) < short_shadow[bar]
      and least(open[bar], close[bar]) - low[bar] < short_shadow[bar]
    then
      result[bar] := case when close[bar] >= open[bar] then 100 else -100 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlshortline(double precision[], double precision[], double precision[], double precision[]) is
$$Short line candle: a short body and two short shadows. Result: as long as close; on such a candle 100 for a white one, -100 for a black one, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 11 bars has a NULL, NaN or infinity. Warm-up: 10 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLSHORTLINE with its default candle settings (see ta.candle_average).
lookback: 10$$;

revoke all on function ta.cdlshortline(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlshortline(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
