-- Marks the bars where one series crosses another.
create or replace function ta.crossany(
  x double precision[],
  y double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(x);
  result double precision[];
begin
  perform ta.check_series('crossany', 'x', x, bars);
  perform ta.check_series('crossany', 'y', y, bars);
  if x is null or y is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 2..bars loop
    if abs(x[i]) < 'infinity' and abs(y[i]) < 'infinity' and abs(x[i - 1]) < 'infinity' and abs(y[i - 1]) < 'infinity' then
      result[i] := ((x[i] > y[i] and x[i - 1] <= y[i - 1]) or (x[i] < y[i] and x[i - 1] >= y[i - 1]))::integer;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.crossany(double precision[], double precision[]) is
$$1 on a bar where x crosses y in either direction, else 0: it is beyond y now and was not on the bar before. Result: as long as x.
Arguments: x and y, of equal length.
NULL behaviour: NULL where this bar or the one before has a NULL, NaN or infinity. Warm-up: 1 bar.
Errors: MB001 for bad arrays. Source: Tulip crossany.
lookback: 1$$;

revoke all on function ta.crossany(double precision[], double precision[]) from public;
grant execute on function ta.crossany(double precision[], double precision[]) to marketbase_reader;
