-- Finds a tasuki gap: a gap that the next candle enters but does not close.
create or replace function ta.cdltasukigap(
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
  result double precision[] := ta.candle_result('cdltasukigap', 7, open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- The last two bodies are of about the same size.
      and abs(abs(close[second] - open[second]) - abs(close[third] - open[third])) < near[second]
    then
      result[third] := case
        -- A gap up to a white candle; a black one opens inside it and closes inside the gap.
        when close[second] >= open[second] and open[second] > greatest(open[first], close[first])
          and close[third] < open[third]
          and open[third] < close[second] and open[third] > open[second]
          and close[third] < open[second] and close[third] > greatest(open[first], close[first])
        then 100
        -- A gap down to a black candle; a white one opens inside it and closes inside the gap.
        when close[second] < open[second] and open[second] < least(open[first], close[first])
          and close[third] >= open[third]
          and open[third] < open[second] and open[third] > close[second]
          and close[third] > open[second] and close[third] < least(open[first], close[first])
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdltasukigap(double precision[], double precision[], double precision[], double precision[]) is
$$Tasuki gap: a gap between two bodies, the second in the direction of the gap, and a third of the other colour and about the same size that opens inside the
second body and closes inside the gap. Result: as long as close; on the last bar of a pattern 100 (bullish) after a gap up, -100 (bearish) after a gap down,
else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 8 bars has a NULL, NaN or infinity. Warm-up: 7 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLTASUKIGAP with its default candle settings (see ta.candle_average).
lookback: 7$$;

revoke all on function ta.cdltasukigap(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdltasukigap(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
