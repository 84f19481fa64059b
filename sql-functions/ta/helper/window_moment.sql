-- Gives the skewness or the kurtosis of each window.
create or replace function ta.window_moment(
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
  -- The central moments times powers of the count are whole polynomials of the sums, so that nothing is rounded before their ratio.
  select array_agg(
    case
      when answer = 'skewness' and m.n > 2 then
        case
          when m.second = 0 then 0
          else sqrt(m.n * (m.n - 1)) / (m.n - 2) * sign(m.third)::double precision
            * sqrt((m.third * m.third / (m.second * m.second * m.second))::double precision)
        end
      when answer = 'kurtosis' and m.n > 3 then
        case
          when m.second = 0 then -3
          else (m.n - 1) / ((m.n - 2) * (m.n - 3)) * ((m.n + 1) * ((m.fourth / (m.second * m.second))::double precision - 3) + 6)
        end
    end
    order by m.bar
  )
  into result
  from (
    select
      s.bar,
      s.n::double precision as n,
      s.n * s.x2 - s.x1 * s.x1 as second,
      case when answer = 'skewness' then s.n * (s.n * s.x3 - 3 * s.x1 * s.x2) + 2 * s.x1 * s.x1 * s.x1 end as third,
      case when answer = 'kurtosis' then s.n * (s.n * (s.n * s.x4 - 4 * s.x1 * s.x3) + 6 * s.x1 * s.x1 * s.x2) - 3 * s.x1 * s.x1 * s.x1 * s.x1 end as fourth
    from (
      select
        e.bar,
        count(e.x) over recent as n,
        sum(e.x) over recent as x1,
        sum(e.x * e.x) over recent as x2,
        sum(e.x * e.x * e.x) over recent as x3,
        sum(case when answer = 'kurtosis' then e.x * e.x * e.x * e.x end) over recent as x4
      from (
        select v.bar, ta.exact_decimal(v.value) as x
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s
  ) as m;
  return result;
end
$$;

comment on function ta.window_moment(text, double precision[], integer, text) is
$$Helper of the kernels: the skewness G1 or the excess kurtosis G2 of each window of the last bars, adjusted for the size of the sample.
Method: sums of powers over numeric, whose sliding is exact, so the result is equal, bit for bit, wherever the array begins. Cost: one pass, whatever the
period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'skewness' or 'kurtosis'.
NULL, NaN and infinity are left out; fewer than three values (kurtosis: four) give NULL, equal ones 0 (kurtosis: -3). Errors: MB001 for a bad period or
array.$$;

revoke all on function ta.window_moment(text, double precision[], integer, text) from public;
grant execute on function ta.window_moment(text, double precision[], integer, text) to marketbase_reader;
