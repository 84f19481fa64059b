-- Finds separating lines: two candles of opposite colour that open alike and part.
create or replace function ta.cdlseparatinglines(
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
  result double precision[] := ta.candle_result('cdlseparatinglines', 11, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  equal constant double precision[] := ta.candle_average('Equal', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      and (close[first] >= open[first]) <> (close[second] >= open[second])
      and open[second] <= open[first] + equal[first]
      and open[second] >= open[first] - equal[first]
    then
      result[second] := case
        when close[second] - open[second] > long_body[second] and open[second] - low[second] < very_short_shadow[second] then 100
        when open[second] - close[second] > long_body[second] and high[second] - open[second] < very_short_shadow[second] then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlseparatinglines(double precision[], double precision[], double precision[], double precision[]) is
$$Separating lines: a candle, then one of the other colour with an equal open: a belt-hold, long and without a shadow at its open. Result: as long as close;
on the last bar of a pattern 100 (bullish) where the second is white, -100 (bearish) where it is black, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLSEPARATINGLINES with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdlseparatinglines(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlseparatinglines(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
