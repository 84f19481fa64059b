-- Scales the newest value of each window by the others.
create or replace function ta.window_place(
  kernel text,
  series double precision[],
  period integer,
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
  zero double precision[];
  unit double precision[];
  result double precision[];
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  if answer = 'zscore' then
    zero := ta.window_sum(kernel, series, period, 1, true);
    unit := ta.window_deviation(kernel, series, period, 1, 1, false);
  else
    zero := ta.window_extreme(kernel, series, period, 1, -1, 'value');
    unit := ta.window_extreme(kernel, series, period, 1, 1, 'value');
  end if;
  select array_agg(
    case when abs(s.value) < 'infinity' then (s.value - s.zero) / nullif(case when answer = 'zscore' then s.unit else s.unit - s.zero end, 0) end
    order by s.bar
  )
  into result
  from unnest(series, zero, unit) with ordinality as s (value, zero, unit, bar);
  return result;
end
$$;

comment on function ta.window_place(text, double precision[], integer, text) is
$$Helper of the kernels: the newest value of each window of the last bars, less their mean and in units of their deviation, or between their smallest and
largest value.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'zscore' or 'minmax'.
NULL, NaN and infinity are left out, and at such a bar the result is NULL; NULL where the values are equal. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_place(text, double precision[], integer, text) from public;
grant execute on function ta.window_place(text, double precision[], integer, text) to marketbase_reader;
