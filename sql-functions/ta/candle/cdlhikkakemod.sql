-- Finds a modified hikkake: two nested inside bars, a false break out, and perhaps a close on the other side.
create or replace function ta.cdlhikkakemod(
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
  result double precision[] := ta.candle_result('cdlhikkakemod', 10, open, high, low, close);
  near constant double precision[] := ta.candle_average('Near', open, high, low, close);
  first integer;
  second integer;
  third integer;
  -- The newest pattern: its sign, its inside bar, and the last bar that may confirm it.
  direction integer;
  inside integer;
  last_confirmation integer := 0;
begin
  for fourth in 4..coalesce(cardinality(result), 0) loop
    first := fourth - 3;
    second := fourth - 2;
    third := fourth - 1;
    if high[second] < high[first] and low[second] > low[first]
      and high[third] < high[second] and low[third] > low[second]
      and (
        (high[fourth] < high[third] and low[fourth] < low[third] and close[second] <= low[second] + near[second])
        or (high[fourth] > high[third] and low[fourth] > low[third] and close[second] >= high[second] - near[second])
      )
    then
      direction := case when high[fourth] < high[third] then 1 else -1 end;
      inside := third;
      last_confirmation := fourth + 3;
      -- Where the result is NULL it stays NULL.
      result[fourth] := result[fourth] + 100 * direction;
    elsif fourth <= last_confirmation
      and ((direction = 1 and close[fourth] > high[inside]) or (direction = -1 and close[fourth] < low[inside]))
    then
      last_confirmation := 0;
      result[fourth] := result[fourth] + 200 * direction;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlhikkakemod(double precision[], double precision[], double precision[], double precision[]) is
$$Modified hikkake: a bar inside the range of the bar before that closes near its low (bullish) or near its high (bearish), a bar inside its range, then one
with a lower high and low (bullish) or a higher high and low (bearish). A close within the next 3 bars above the high, or below the low, of the inner bar
confirms it, once; a new pattern takes the place of an old one. Result: as long as close; 100 (bullish) or -100 (bearish) on the last bar of a pattern, 200
or -200 on a bar that confirms it, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 11 bars has a NULL, NaN or infinity. Warm-up: 10 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLHIKKAKEMOD with its default candle settings (see ta.candle_average).
lookback: 10$$;

revoke all on function ta.cdlhikkakemod(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlhikkakemod(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
