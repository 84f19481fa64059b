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
  largest double precision;
  smallest double precision;
  missing integer;
  splitter double precision := 1;
  x double precision;
  head double precision;
  tail double precision;
  head_sum double precision := 0;
  tail_sum double precision := 0;
  -- Sums of the place in the window, 1 for the oldest bar, times the value.
  head_weighted double precision := 0;
  tail_weighted double precision := 0;
  counted double precision := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  select max(abs(v.value)), min(abs(v.value)) filter (where v.value <> 0), count(*) filter (where v.value is null or abs(v.value) >= 'infinity')
  into largest, smallest, missing
  from unnest(series) as v (value);

  -- As in window_line: two doubles hold the sums without error while the magnitudes span less than this.
  if answer <> 'rsquare' and missing = 0 and largest <= 1e250
    and coalesce(smallest >= 1e-250 and largest / smallest <= 2.0 ^ 43 / (period + 1.0) ^ 4, true)
  then
    result := array_fill(null::double precision, array[bars]);
    if largest > 0 then
      splitter := 1.5 * 2.0 ^ (ceil(log(24 * largest * (period + 1.0) * period) / log(2)) + 1);
    end if;
    foreach x in array series loop
      i := i + 1;
      head := (x + splitter) - splitter;
      tail := x - head;
      if i <= period then
        counted := i;
        head_weighted := head_weighted + counted * head;
        tail_weighted := tail_weighted + counted * tail;
        head_sum := head_sum + head;
        tail_sum := tail_sum + tail;
      else
        head_weighted := head_weighted + (counted * head - head_sum);
        tail_weighted := tail_weighted + (counted * tail - tail_sum);
        x := series[i - period];
        head_sum := head_sum + (head - ((x + splitter) - splitter));
        tail_sum := tail_sum + (tail - (x - ((x + splitter) - splitter)));
      end if;
      if counted < 2 then
        continue;
      elsif answer = 'slope' then
        result[i] := 6 * ((2 * head_weighted - (counted + 1) * head_sum) + (2 * tail_weighted - (counted + 1) * tail_sum))
          / (counted * (counted * counted - 1));
      else
        result[i] := (
          (counted * (counted + 1) * head - 6 * head_weighted + 2 * (counted + 1) * head_sum)
          + (counted * (counted + 1) * tail - 6 * tail_weighted + 2 * (counted + 1) * tail_sum)
        ) / (counted * (counted + 1));
      end if;
    end loop;
    return result;
  end if;

  -- xy, xx and yy are the covariance and the variances of bar and value, times the number of values squared.
  select array_agg(
    case
      when m.counted < 2 then null
      when answer = 'rsquare' then case when sqrt(m.yy / m.counted / (m.counted - 1)) > 2e-5 then least(1, m.xy / m.xx * (m.xy / m.yy)) end
      -- Windows without a hole as above, so that they do not depend on the holes of others.
      when m.counted = m.places and answer = 'slope' then
        6 * (2 * m.weighted - (m.counted + 1) * m.sum_y)::double precision / (m.counted * (m.counted * m.counted - 1.0::double precision))
      when m.counted = m.places then
        (m.counted * (m.counted + 1) * m.newest - 6 * m.weighted + 2 * (m.counted + 1) * m.sum_y)::double precision
          / (m.counted * (m.counted + 1.0::double precision))
      when answer = 'slope' then m.xy / m.xx
      else m.above_mean - m.xy / m.xx * m.after_mean
    end
    order by m.bar
  )
  into result
  from (
    select
      s.bar,
      s.counted,
      s.places,
      s.newest,
      s.sum_y,
      s.sum_xy - (s.bar - s.places) * s.sum_y as weighted,
      (s.bar - s.sum_x / s.counted)::double precision as after_mean,
      case when answer = 'residual' then (s.newest - s.sum_y / s.counted)::double precision end as above_mean,
      (s.counted * s.sum_xx - s.sum_x * s.sum_x)::double precision as xx,
      (s.counted * s.sum_xy - s.sum_x * s.sum_y)::double precision as xy,
      case when answer = 'rsquare' then (s.counted * s.sum_yy - s.sum_y * s.sum_y)::double precision end as yy
    from (
      select
        e.bar,
        e.y as newest,
        least(e.bar, period) as places,
        count(e.y) over recent as counted,
        sum(e.x) over recent as sum_x,
        sum(e.y) over recent as sum_y,
        sum(e.x * e.x) over recent as sum_xx,
        sum(e.x * e.y) over recent as sum_xy,
        sum(case when answer = 'rsquare' then e.y * e.y end) over recent as sum_yy
      from (
        select
          v.bar,
          case when abs(v.value) < 'infinity' then v.bar::numeric end as x,
          case answer when 'rsquare' then ta.exact_decimal(v.value) else ta.exact_binary(v.value) end as y
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
or the residual of the newest value. The sums are exact, as in window_line: in doubles where no value is missing, else over numeric. One pass, whatever the
period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'slope', 'rsquare' or 'residual'.
NULL, NaN and infinity are left out; fewer than two values give NULL. Where the values deviate by 0.00002 or less, rsquare is NULL. Errors: MB001 for a bad
period or array.$$;

revoke all on function ta.window_trend(text, double precision[], integer, text) from public;
grant execute on function ta.window_trend(text, double precision[], integer, text) to marketbase_reader;
