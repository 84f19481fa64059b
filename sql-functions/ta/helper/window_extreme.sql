-- Finds the largest or smallest value of each window, its age or its place, in one pass.
create or replace function ta.window_extreme(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  direction integer,
  answer text
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
  other double precision;
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
    if i > period and abs(series[i - period]) < 'infinity' then
      counted := counted - 1;
      if kept[first] = i - period then
        first := first + 1;
      end if;
    end if;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      while last >= first loop
        other := series[kept[last]];
        exit when (direction > 0 and x < other) or (direction < 0 and x > other) or (x = other and answer in ('oldest age', 'oldest place'));
        last := last - 1;
      end loop;
      last := last + 1;
      kept[last] := i;
    end if;
    if counted >= min_count then
      result[i] := case answer
        when 'value' then series[kept[first]]
        when 'oldest place' then kept[first] - greatest(i - period, 0)
        else i - kept[first]
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_extreme(text, double precision[], integer, integer, integer, text) is
$$Helper of the kernels: the largest (direction 1) or smallest (direction -1) value of each window of the last bars, the number of bars since it,
or its place among the bars of the window.
Method: a queue of the bars that may still become the extreme; every bar enters and leaves it once. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs; direction;
answer, 'value', 'newest age', 'oldest age' or 'oldest place': an age is counted in bars, 0 is the current bar; place 1 is the oldest bar of
the window; the word says which one among equals counts.
NULL, NaN and infinity are left out; fewer than min_count values give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_extreme(text, double precision[], integer, integer, integer, text) from public;
grant execute on function ta.window_extreme(text, double precision[], integer, integer, integer, text) to marketbase_reader;
