-- Counts the values of each window.
create or replace function ta.window_count(
  kernel text,
  series double precision[],
  period integer
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
  x double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
    end if;
    if i > period and abs(series[i - period]) < 'infinity' then
      counted := counted - 1;
    end if;
    result[i] := counted;
  end loop;
  return result;
end
$$;

comment on function ta.window_count(text, double precision[], integer) is
$$Helper of the kernels: how many of the last bars have a value. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window. NULL, NaN and infinity are not counted. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_count(text, double precision[], integer) from public;
grant execute on function ta.window_count(text, double precision[], integer) to marketbase_reader;
