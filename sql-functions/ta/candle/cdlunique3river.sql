-- Finds a unique three river bottom: a long black candle, a hammer-like black one inside it, and a short white one.
create or replace function ta.cdlunique3river(
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
  result double precision[] := ta.candle_result('cdlunique3river', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- A long black candle,
      and open[first] - close[first] > long_body[first]
      -- a black one inside its body with a lower low,
      and close[second] < open[second]
      and close[second] > close[first]
      and open[second] <= open[first]
      and low[second] < low[first]
      -- and a short white one that opens above that low.
      and close[third] >= open[third]
      and close[third] - open[third] < short_body[third]
      and open[third] > low[second]
    then
      result[third] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlunique3river(double precision[], double precision[], double precision[], double precision[]) is
$$Unique three river: a long black candle, a black one inside its body with a lower low, and a short white one that opens above that low. Result: as long as
close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLUNIQUE3RIVER with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdlunique3river(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlunique3river(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
