-- Finds a breakaway: a trend that runs away over a gap and is taken back.
create or replace function ta.cdlbreakaway(
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
  result double precision[] := ta.candle_result('cdlbreakaway', 14, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  first integer;
  second integer;
  third integer;
  fourth integer;
begin
  for fifth in 5..coalesce(cardinality(result), 0) loop
    first := fifth - 4;
    second := fifth - 3;
    third := fifth - 2;
    fourth := fifth - 1;
    if result[fifth] = 0 then
      result[fifth] := case
        -- A long black candle, a black one below a gap, two with lower highs and lows, and a white one that closes inside the gap.
        when open[first] - close[first] > long_body[first]
          and close[second] < open[second] and open[second] < close[first]
          and high[third] < high[second] and low[third] < low[second]
          and close[fourth] < open[fourth] and high[fourth] < high[third] and low[fourth] < low[third]
          and close[fifth] >= open[fifth] and close[fifth] > open[second] and close[fifth] < close[first]
        then 100
        -- A long white candle, a white one above a gap, two with higher highs and lows, and a black one that closes inside the gap.
        when close[first] - open[first] > long_body[first]
          and close[second] >= open[second] and open[second] > close[first]
          and high[third] > high[second] and low[third] > low[second]
          and close[fourth] >= open[fourth] and high[fourth] > high[third] and low[fourth] > low[third]
          and close[fifth] < open[fifth] and close[fifth] < open[second] and close[fifth] > close[first]
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlbreakaway(double precision[], double precision[], double precision[], double precision[]) is
$$Breakaway: a long candle, one of its colour beyond a gap, two that go on in that direction (the second of them of the same colour), and one of the other
colour that closes inside the gap. Result: as long as close; on the last bar of a pattern 100 (bullish) after a fall, -100 (bearish) after a rise, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 15 bars has a NULL, NaN or infinity. Warm-up: 14 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLBREAKAWAY with its default candle settings (see ta.candle_average).
lookback: 14$$;

revoke all on function ta.cdlbreakaway(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlbreakaway(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
