-- Finds a hikkake: an inside bar, a false break out of it, and perhaps a close on the other side.
create or replace function ta.cdlhikkake(
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
  result double precision[] := ta.candle_result('cdlhikkake', 5, open, high, low, close);
  first integer;
  second integer;
  -- The newest pattern: its sign, its inside bar, and the last bar that may confirm it.
  direction integer;
  inside integer;
  last_confirmation integer := 0;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if high[second] < high[first] and low[second] > low[first]
      and (
        (high[third] < high[second] and low[third] < low[second])
        or (high[third] > high[second] and low[third] > low[second])
      )
    then
      direction := case when high[third] < high[second] then 1 else -1 end;
      inside := second;
      last_confirmation := third + 3;
      -- Where the result is NULL it stays NULL.
      result[third] := result[third] + 100 * direction;
    elsif third <= last_confirmation
      and ((direction = 1 and close[third] > high[inside]) or (direction = -1 and close[third] < low[inside]))
    then
      last_confirmation := 0;
      result[third] := result[third] + 200 * direction;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlhikkake(double precision[], double precision[], double precision[], double precision[]) is
$$Hikkake: a bar inside the range of the bar before, then one with a lower high and low (bullish) or a higher high and low (bearish). A close within the next
3 bars above the high, or below the low, of the inside bar confirms it, once; a new pattern takes the place of an old one. Result: as long as close; 100
(bullish) or -100 (bearish) on the last bar of a pattern, 200 or -200 on a bar that confirms it, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 6 bars has a NULL, NaN or infinity. Warm-up: 5 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLHIKKAKE.
lookback: 5$$;

revoke all on function ta.cdlhikkake(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlhikkake(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
