-- Gives the correlation, covariance or slope of two series in each window, exactly.
create or replace function ta.window_pair(
  kernel text,
  x double precision[],
  y double precision[],
  period integer,
  min_count integer,
  measure text,
  flat double precision
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
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'x', x, bars);
  perform ta.check_series(kernel, 'y', y, bars);
  if x is null or y is null then
    return null;
  end if;
  if bars = 0 then
    return x;
  end if;
  -- xy, xx and yy are the covariance and the variances, times pairs squared.
  select array_agg(
    case
      when m.pairs < min_count then null
      when measure = 'covariance' then m.xy / m.pairs / nullif(m.pairs - 1, 0)
      when measure = 'slope' then coalesce(m.xy / nullif(m.xx, 0), 0)
      when measure = 'regression' then m.xy / nullif(m.xx, 0)
      when sqrt(least(m.xx, m.yy) / m.pairs / nullif(m.pairs - 1, 0)) <= flat then null
      when m.pairs > 1 then greatest(-1, least(1, coalesce(m.xy / nullif(sqrt(m.xx) * sqrt(m.yy), 0), 0)))
    end
    order by m.bar
  )
  into result
  from (
    select
      s.bar,
      s.pairs,
      (s.pairs * s.sum_xy - s.sum_x * s.sum_y)::double precision as xy,
      (s.pairs * s.sum_xx - s.sum_x * s.sum_x)::double precision as xx,
      (s.pairs * s.sum_yy - s.sum_y * s.sum_y)::double precision as yy
    from (
      select
        e.bar,
        count(e.x) over recent as pairs,
        sum(e.x) over recent as sum_x,
        sum(e.y) over recent as sum_y,
        sum(e.x * e.y) over recent as sum_xy,
        sum(e.x * e.x) over recent as sum_xx,
        sum(e.y * e.y) over recent as sum_yy
      from (
        select
          v.bar,
          case when abs(v.y) < 'infinity' then ta.exact_decimal(v.x) end as x,
          case when abs(v.x) < 'infinity' then ta.exact_decimal(v.y) end as y
        from unnest(x, y) with ordinality as v (x, y, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s
  ) as m;
  return result;
end
$$;

comment on function ta.window_pair(text, double precision[], double precision[], integer, integer, text, double precision) is
$$Helper of the kernels: for each window of the last bars the correlation of x and y, the covariance of the sample, or the slope of y on x.
Method: sums over numeric, whose sliding is exact, so the result is equal, bit for bit, wherever the array begins. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; x and y; period, bars per window; min_count, the least number of pairs that a window needs;
measure, 'correlation', 'covariance', 'slope' (0 where x is constant) or 'regression' (NULL there); flat, a deviation of the sample: where x or y does
not deviate more, the correlation is NULL. With flat NULL it is 0 where x or y is constant.
Pairs with NULL, NaN or infinity are left out; fewer than min_count pairs give NULL, and so does one pair where two are needed. Errors: MB001 for a bad
period or arrays.$$;

revoke all on function ta.window_pair(text, double precision[], double precision[], integer, integer, text, double precision) from public;
grant execute on function ta.window_pair(text, double precision[], double precision[], integer, integer, text, double precision) to marketbase_reader;
