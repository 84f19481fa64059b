-- Gives the linearly weighted mean or the regression line over time of each complete window, exactly.
create or replace function ta.window_line(
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
  -- The answer is (weighted * sum of j x[j] + plain * sum of x[j]) / divisor, where j is 1 at the oldest bar of the window.
  weighted constant double precision := case answer when 'weighted mean' then 2 when 'begin' then -6 when 'slope' then 12 else 6 end;
  plain constant double precision := case answer
    when 'weighted mean' then 0
    when 'begin' then 4 * (period + 1.0)
    when 'end' then -2 * (period + 1.0)
    when 'next' then -2 * (period + 2.0)
    when 'slope' then -6 * (period + 1.0)
  end;
  divisor constant double precision := period * case answer when 'slope' then (period + 1.0) * (period - 1.0) when 'next' then period - 1.0 else period + 1.0 end;
  splitter double precision := 1;
  x double precision;
  leaving double precision := 0;
  head_sum double precision := 0;
  tail_sum double precision := 0;
  head_weighted double precision := 0;
  tail_weighted double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, case answer when 'weighted mean' then 1 else 2 end);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;

  select max(abs(v.value)), min(abs(v.value)) filter (where v.value <> 0)
  into largest, smallest
  from unnest(series) as v (value)
  where abs(v.value) < 'infinity';

  -- As in window_sum: two doubles hold the sums without error while the magnitudes span less than this.
  if largest > 1e250 or smallest < 1e-250 or largest / smallest > 2.0 ^ 43 / (period + 1.0) ^ 4 then
    select array_agg(
      case when s.counted = period then
        (weighted::numeric * (s.by_bar - (s.bar - period) * s.total) + plain::numeric * s.total)::double precision / divisor
      end
      order by s.bar
    )
    into result
    from (
      select e.bar, count(e.value) over recent as counted, sum(e.value) over recent as total, sum(e.bar * e.value) over recent as by_bar
      from (
        select v.bar, ta.exact_binary(v.value) as value
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s;
    return result;
  end if;

  result := array_fill(null::double precision, array[bars]);
  if largest > 0 then
    splitter := 1.5 * 2.0 ^ (ceil(log(24 * largest * (period + 1.0) * period) / log(2)) + 1);
  end if;
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
    else
      x := 0;
    end if;
    if i > period then
      leaving := series[i - period];
      if abs(leaving) < 'infinity' then
        counted := counted - 1;
      else
        leaving := 0;
      end if;
    end if;
    head_weighted := head_weighted + (period * ((x + splitter) - splitter) - head_sum);
    tail_weighted := tail_weighted + (period * (x - ((x + splitter) - splitter)) - tail_sum);
    head_sum := head_sum + (((x + splitter) - splitter) - ((leaving + splitter) - splitter));
    tail_sum := tail_sum + ((x - ((x + splitter) - splitter)) - (leaving - ((leaving + splitter) - splitter)));
    if counted = period then
      result[i] := ((weighted * head_weighted + plain * head_sum) + (weighted * tail_weighted + plain * tail_sum)) / divisor;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_line(text, double precision[], integer, text) is
$$Helper of the kernels: for each window of the last bars the mean with the weights 1, 2, ... period, the least-squares line's value at the oldest, the newest or
the next bar, or its slope per bar.
The sums are exact, as in window_sum, so the result is equal, bit for bit, wherever the array begins. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'weighted mean', 'begin', 'end', 'next' or 'slope'.
NULL while the window has a NULL, NaN or infinity. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_line(text, double precision[], integer, text) from public;
grant execute on function ta.window_line(text, double precision[], integer, text) to marketbase_reader;
