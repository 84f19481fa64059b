-- Gives the standard deviation or the variance of each window, exactly, so that a result depends on its own window alone.
create or replace function ta.window_deviation(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  lost_degrees integer,
  squared boolean
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
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  select array_agg(
    case
      when w.counted < min_count or w.counted <= lost_degrees then null
      when squared then w.variance * w.counted / (w.counted - lost_degrees)
      else sqrt(w.variance * w.counted / (w.counted - lost_degrees))
    end
    order by w.bar
  )
  into result
  from (
    select e.bar, count(e.value) over recent as counted, (var_pop(e.value) over recent)::double precision as variance
    from (
      select v.bar, ta.exact_decimal(v.value) as value
      from unnest(series) with ordinality as v (value, bar)
      offset 0
    ) as e
    window recent as (order by e.bar rows between period - 1 preceding and current row)
  ) as w;
  return result;
end
$$;

comment on function ta.window_deviation(text, double precision[], integer, integer, integer, boolean) is
$$Helper of the kernels: the standard deviation, or the variance, of each window of the last bars.
Method: var_pop over numeric, whose sliding sums are exact. So the result is equal, bit for bit, wherever the array begins, a constant window gives exactly
0, and nothing drifts.
Sliding sums in double precision were tried: three times faster, but each result then carries the rounding of all bars before it. Cost: one pass, whatever
the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs;
lost_degrees, 0 for the population's, 1 for the sample's deviation; squared, variance instead of deviation.
NULL, NaN and infinity are left out; fewer than min_count values, or not more than lost_degrees, give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_deviation(text, double precision[], integer, integer, integer, boolean) from public;
grant execute on function ta.window_deviation(text, double precision[], integer, integer, integer, boolean) to marketbase_reader;
