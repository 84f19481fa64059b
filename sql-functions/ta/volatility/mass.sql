-- Gives the mass index.
create or replace function ta.mass(
  high double precision[],
  low double precision[],
  period integer default 25
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(high);
  ratios double precision[];
  extent double precision;
  once double precision;
  twice double precision;
  counted integer := 0;
begin
  perform ta.check_period('mass', 'period', period, 1);
  perform ta.check_series('mass', 'high', high, bars);
  perform ta.check_series('mass', 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;

  ratios := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      counted := counted + 1;
      extent := high[i] - low[i];
      once := case when counted = 1 then extent else once + case when abs(extent - once) > 1e-290 then 0.2 * (extent - once) else extent - once end end;
      twice := case when counted <= 9 then once else twice + case when abs(once - twice) > 1e-290 then 0.2 * (once - twice) else once - twice end end;
      if counted > 16 then
        ratios[i] := coalesce(once / nullif(twice, 0), 1);
      end if;
    else
      counted := 0;
    end if;
  end loop;
  return ta.window_sum('mass', ratios, period, period, false);
end
$$;

comment on function ta.mass(double precision[], double precision[], integer) is
$$Mass index: the sum over the last period bars of the 9-bar exponential average of the range over the 9-bar exponential average of that average. Result: as
long as high, without unit.
Arguments: high, low, of equal length; period in bars, 1 or more. The averages begin with their first value, the second one at the 9th bar. A bar whose
second average is 0 counts as 1.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period + 15 bars.
Errors: MB001 for a bad period or arrays. Source: Tulip mass; Dorsey (1992).
lookback: unbounded$$;

revoke all on function ta.mass(double precision[], double precision[], integer) from public;
grant execute on function ta.mass(double precision[], double precision[], integer) to marketbase_reader;
