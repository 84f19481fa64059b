-- Gives the mean absolute deviation from the mean of each window.
create or replace function ta.window_absolute_deviation(
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
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  return ta.window_mean_deviation(
    array_replace(array_replace(array_replace(series, 'NaN', null), 'infinity', null), '-infinity', null),
    ta.window_sum(kernel, series, period, 1, true),
    period
  );
end
$$;

comment on function ta.window_absolute_deviation(text, double precision[], integer) is
$$Helper of the kernels: the mean absolute deviation of the values of each window from their mean; see window_mean_deviation.
Arguments: kernel, the name for messages; series; period, bars per window.
NULL, NaN and infinity are left out; NULL where the window has no value. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_absolute_deviation(text, double precision[], integer) from public;
grant execute on function ta.window_absolute_deviation(text, double precision[], integer) to marketbase_reader;
