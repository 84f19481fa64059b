-- Finds a belt-hold: a long candle that opens at its extreme.
create or replace function ta.cdlbelthold(
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
  result double precision[] := ta.candle_result('cdlbelthold', 10, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
begin
  for bar in 1..coalesce(cardinality(result), 0) loop
    if result[bar] = 0 then
      result[bar] := case
        when close[bar] - open[bar] > long_body[bar] and open[bar] - low[bar] < very_short_shadow[bar] then 100
        when open[bar] - close[bar] > long_body[bar] and high[bar] - open[bar] < very_short_shadow[bar] then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlbelthold(double precision[], double precision[], double precision[], double precision[]) is
$$Belt-hold: a long white candle without a lower shadow, or a long black one without an upper shadow. Result: as long as close; on such a candle 100 (bullish)
for the white one, -100 (bearish) for the black one, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 11 bars has a NULL, NaN or infinity. Warm-up: 10 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLBELTHOLD with its default candle settings (see ta.candle_average).
lookback: 10$$;

revoke all on function ta.cdlbelthold(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlbelthold(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
