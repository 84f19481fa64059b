-- Leaves out the first bars of each run of values, so that averages of unequal warm-up begin together.
create or replace function ta.late_start(
  series double precision[],
  skipped integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[] := series;
  x double precision;
  counted integer := 0;
  i integer := 0;
begin
  if skipped < 1 or cardinality(series) is null then
    return series;
  end if;
  foreach x in array series loop
    i := i + 1;
    counted := case when abs(x) < 'infinity' then counted + 1 else 0 end;
    if counted <= skipped then
      result[i] := null;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.late_start(double precision[], integer) is
$$Helper of the kernels: the series with NULL for the first values of each run of values, where a run begins with the series and after each NULL, NaN or
infinity. An average over it is seeded so many bars later.
Arguments: series; skipped, the number of values to leave out.$$;

revoke all on function ta.late_start(double precision[], integer) from public;
grant execute on function ta.late_start(double precision[], integer) to marketbase_reader;
