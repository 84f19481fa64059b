-- Finds an abandoned baby: a doji with gaps on both sides of it.
create or replace function ta.cdlabandonedbaby(
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[],
  penetration double precision default 0.3
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[] := ta.candle_result('cdlabandonedbaby', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
  first integer;
  second integer;
begin
  perform ta.check_penetration('cdlabandonedbaby', penetration);
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0 and abs(close[second] - open[second]) <= doji_body[second] then
      result[third] := case
        -- Long black, the doji below it, and white above the doji.
        when open[first] - close[first] > long_body[first]
          and high[second] < low[first]
          and close[third] - open[third] > short_body[third]
          and low[third] > high[second]
          and close[third] > close[first] + (open[first] - close[first]) * penetration
        then 100
        -- Long white, the doji above it, and black below the doji.
        when close[first] - open[first] > long_body[first]
          and low[second] > high[first]
          and open[third] - close[third] > short_body[third]
          and high[third] < low[second]
          and close[third] < close[first] - (close[first] - open[first]) * penetration
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlabandonedbaby(double precision[], double precision[], double precision[], double precision[], double precision) is
$$Abandoned baby: a long candle, a doji beyond it with a gap between the shadows, and a candle of the other colour, not short, back over such a gap, that
closes more than penetration of the first body inside it. Result: as long as close; on the last bar of a pattern 100 (bullish) below black and white, -100
(bearish) above white and black, else 0.
Arguments: open, high, low, close, of equal length; penetration, the part of the first body, 0 or more.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays or a penetration that is NULL, negative or not finite. Source: TA-Lib CDLABANDONEDBABY with its default candle settings (see
ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdlabandonedbaby(double precision[], double precision[], double precision[], double precision[], double precision) from public;
grant execute on function ta.cdlabandonedbaby(double precision[], double precision[], double precision[], double precision[], double precision)
  to marketbase_reader;
