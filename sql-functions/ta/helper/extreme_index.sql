-- Finds the bar of the largest or smallest value of each window.
create or replace function ta.extreme_index(
  kernel text,
  series double precision[],
  period integer,
  direction integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  result double precision[];
  ages double precision[];
  best integer;
begin
  ages := ta.window_extreme(kernel, series, period, period, direction, 'oldest age');
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if ages[i] is null then
      best := null;
    elsif best is null or best <= i - period then
      best := i - ages[i];
    elsif (direction > 0 and series[i] >= series[best]) or (direction < 0 and series[i] <= series[best]) then
      best := i;
    end if;
    result[i] := best - 1;
  end loop;
  return result;
end
$$;

comment on function ta.extreme_index(text, double precision[], integer, integer) is
$$Helper of the kernels: the bar of the largest (direction 1) or smallest (direction -1) value of each complete window, counted from 0 at the beginning of
the array.
Among equals TA-Lib's choice: the last extreme counts until an equal one arrives, which then counts; when it leaves the window, the oldest of those that
remain.
Arguments: kernel, the name for messages; series; period, bars per window; direction. Cost: one pass, whatever the period.
NULL while the window has a NULL, NaN or infinity. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.extreme_index(text, double precision[], integer, integer) from public;
grant execute on function ta.extreme_index(text, double precision[], integer, integer) to marketbase_reader;
