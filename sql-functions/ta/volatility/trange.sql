-- Gives the true range.
create or replace function ta.trange(
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
  bars constant integer := cardinality(close);
  result double precision[];
  before double precision;
begin
  perform ta.check_series('trange', 'high', high, bars);
  perform ta.check_series('trange', 'low', low, bars);
  perform ta.check_series('trange', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 2..bars loop
    before := close[i - 1];
    if abs(before) < 'infinity' and abs(close[i]) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      result[i] := greatest(high[i], before) - least(low[i], before);
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.trange(double precision[], double precision[], double precision[]) is
$$True range: the distance between the extremes of the bar and the close before. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL where the bar, or the close before, has a NULL, NaN or infinity. Warm-up: 1 bar.
Errors: MB001 for bad arrays. Source: TA-Lib TRANGE; Wilder (1978).
lookback: 1$$;

revoke all on function ta.trange(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.trange(double precision[], double precision[], double precision[]) to marketbase_reader;
