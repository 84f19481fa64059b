-- Fits a line over time to the values of each window, which need not be complete.
create or replace function ta.window_trend(
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
  result double precision[];
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  -- xy, xx and yy are the covariance and the variances of bar and value, times the number of values squared.
  select array_agg(
    case
      when m.counted < 2 then null
      when answer = 'slope' then m.xy / m.xx
      when answer = 'residual' then m.above_mean - m.xy / m.xx * m.after_mean
      when sqrt(m.yy / m.counted / (m.counted - 1)) > 2e-5 then least(1, m.xy / m.xx * (m.xy / m.yy))
    end
    order by m.bar
  )
  into result
  from (
    select
      s.bar,
      s.counted,
      (s.bar - s.sum_x / s.counted)::double precision as after_mean,
      case when answer = 'residual' then (s.newest - s.sum_y / s.counted)::double precision end as above_mean,
      (s.counted * s.sum_xx - s.sum_x * s.sum_x)::double precision as xx,
      (s.counted * s.sum_xy - s.sum_x * s.sum_y)::double precision as xy,
      case when answer = 'rsquare' then (s.counted * s.sum_yy - s.sum_y * s.sum_y)::double precision end as yy
    from (
      select
        e.bar,
        e.y as newest,
        count(e.y) over recent as counted,
        sum(e.x) over recent as sum_x,
        sum(e.y) over recent as sum_y,
        sum(e.x * e.x) over recent as sum_xx,
        sum(e.x * e.y) over recent as sum_xy,
        sum(case when answer = 'rsquare' then e.y * e.y end) over recent as sum_yy
      from (
        select v.bar, case when abs(v.value) < 'infinity' then v.bar::numeric end as x, ta.exact_decimal(v.value) as y
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s
  ) as m;
  return result;
end
$$;

comment on function ta.window_trend(text, double precision[], integer, text) is
$$Helper of the kernels: the least-squares line over time through the values of each window of the last bars: its slope per bar, its coefficient of
determination,
or the residual of the newest value. Sums over numeric, as in window_deviation: exact, in one pass whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'slope', 'rsquare' or 'residual'.
NULL, NaN and infinity are left out; fewer than two values give NULL. Where the values deviate by 0.00002 or less, rsquare is NULL. Errors: MB001 for a bad
period or array.$$;

revoke all on function ta.window_trend(text, double precision[], integer, text) from public;
grant execute on function ta.window_trend(text, double precision[], integer, text) to marketbase_reader;
