-- Finds a kicking pattern, and takes its sign from the longer of the two candles.
create or replace function ta.cdlkickingbylength(
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
  result double precision[] := ta.candle_result('cdlkickingbylength', 11, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  very_short_shadow constant double precision[] := ta.candle_average('ShadowVeryShort', open, high, low, close);
  first integer;
  longer integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      -- Two marubozu,
      and abs(close[first] - open[first]) > long_body[first]
      and high[first] - greatest(open[first], close[first]) < very_short_shadow[first]
      and least(open[first], close[first]) - low[first] < very_short_shadow[first]
      and abs(close[second] - open[second]) > long_body[second]
      and high[second] - greatest(open[second], close[second]) < very_short_shadow[second]
      and least(open[second], close[second]) - low[second] < very_short_shadow[second]
      -- black below white, or white above black, with a gap between them.
      and (
        (close[first] < open[first] and close[second] >= open[second] and low[second] > high[first])
        or (close[first] >= open[first] and close[second] < open[second] and high[second] < low[first])
      )
    then
      longer := case when abs(close[second] - open[second]) > abs(close[first] - open[first]) then second else first end;
      result[second] := case when close[longer] >= open[longer] then 100 else -100 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlkickingbylength(double precision[], double precision[], double precision[], double precision[]) is
$$Kicking by length: a black marubozu, then a white one above it with a gap; or a white one, then a black one below it. Result: as long as close; on the last
bar of a pattern 100 (bullish) where the longer of the two is white, -100 (bearish) where it is black, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLKICKINGBYLENGTH with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdlkickingbylength(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlkickingbylength(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
