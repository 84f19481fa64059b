-- Finds the largest or smallest value of each window in one pass.
create or replace function ta.window_extreme(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  direction integer,
  result_is_age boolean
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
  -- The bars that can still become the extreme of a later window, oldest first: kept[first..last].
  kept integer[];
  first integer := 1;
  last integer := 0;
  x double precision;
  extreme double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  kept := array_fill(null::integer, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if i > period then
      if abs(series[i - period]) < 'infinity' then
        counted := counted - 1;
        if kept[first] = i - period then
          first := first + 1;
          extreme := series[kept[first]];
        end if;
      end if;
    end if;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if last < first or (x - extreme) * direction > 0 then
        first := 1;
        last := 0;
        extreme := x;
      else
        while (x - series[kept[last]]) * direction > 0 loop
          last := last - 1;
        end loop;
      end if;
      last := last + 1;
      kept[last] := i;
    end if;
    if counted >= min_count then
      if result_is_age then
        result[i] := i - kept[first];
      else
        result[i] := extreme;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_extreme(text, double precision[], integer, integer, integer, boolean) is
$$Helper of the kernels: the largest (direction 1) or smallest (direction -1) value of each window of the last bars, or the number of bars since it.
Method: a queue of the bars that may still become the extreme; every bar enters and leaves it once. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs; direction;
result_is_age, the age in bars (0 is the current bar; the oldest among equals counts) instead of the value.
NULL, NaN and infinity are left out; fewer than min_count values give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_extreme(text, double precision[], integer, integer, integer, boolean) from public;
grant execute on function ta.window_extreme(text, double precision[], integer, integer, integer, boolean) to marketbase_reader;
