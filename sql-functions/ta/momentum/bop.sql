-- Gives the balance of power.
create or replace function ta.bop(
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
  bars constant integer := cardinality(close);
  result double precision[];
begin
  perform ta.check_series('bop', 'open', open, bars);
  perform ta.check_series('bop', 'high', high, bars);
  perform ta.check_series('bop', 'low', low, bars);
  perform ta.check_series('bop', 'close', close, bars);
  if open is null or high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(open[i]) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := case when high[i] > low[i] then (close[i] - open[i]) / (high[i] - low[i]) else 0 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.bop(double precision[], double precision[], double precision[], double precision[]) is
$$Balance of power, -1 to 1: close minus open over high minus low. Result: as long as close. 0 where the bar has no range, as in TA-Lib.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib BOP.
lookback: 0$$;

revoke all on function ta.bop(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.bop(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
