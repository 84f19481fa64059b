-- Finds a three-line strike: three candles in one direction and one that takes all back.
create or replace function ta.cdl3linestrike(
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
  result double precision[] := ta.candle_result('cdl3linestrike', 8, open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  first integer;
  second integer;
  third integer;
begin
  for fourth in 4..coalesce(cardinality(result), 0) loop
    first := fourth - 3;
    second := fourth - 2;
    third := fourth - 1;
    if result[fourth] = 0
      -- The second and third open inside or near the body before.
      and open[second] >= least(open[first], close[first]) - near[first]
      and open[second] <= greatest(open[first], close[first]) + near[first]
      and open[third] >= least(open[second], close[second]) - near[second]
      and open[third] <= greatest(open[second], close[second]) + near[second]
    then
      result[fourth] := case
        -- Three white candles with rising closes, and a black one from above to below them.
        when close[first] >= open[first] and close[second] >= open[second] and close[third] >= open[third]
          and close[second] > close[first] and close[third] > close[second]
          and close[fourth] < open[fourth] and open[fourth] > close[third] and close[fourth] < open[first]
        then 100
        -- Three black candles with falling closes, and a white one from below to above them.
        when close[first] < open[first] and close[second] < open[second] and close[third] < open[third]
          and close[second] < close[first] and close[third] < close[second]
          and close[fourth] >= open[fourth] and open[fourth] < close[third] and close[fourth] > open[first]
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl3linestrike(double precision[], double precision[], double precision[], double precision[]) is
$$Three-line strike: three candles of one colour with closes in their direction, the second and third opening inside or near the body before, then one of the
other colour that opens beyond the last close and closes beyond the first open. Result: as long as close; on the last bar of a pattern 100 (bullish) after
white candles, -100 (bearish) after black ones, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 9 bars has a NULL, NaN or infinity. Warm-up: 8 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL3LINESTRIKE with its default candle settings (see ta.candle_average).
lookback: 8$$;

revoke all on function ta.cdl3linestrike(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl3linestrike(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
