-- Sums or averages each window, exactly, so that a result depends on its own window alone.
create or replace function ta.window_sum(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  averaged boolean
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
  -- Adding and subtracting this number rounds to the multiples that 53 bits can add up without rounding.
  splitter double precision := 1;
  x double precision;
  leaving double precision := 0;
  head_sum double precision := 0;
  tail_sum double precision := 0;
  total double precision;
  mean double precision;
  coarse double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;

  select max(abs(v.value)), min(abs(v.value)) filter (where v.value <> 0)
  into largest, smallest
  from unnest(series) as v (value)
  where abs(v.value) < 'infinity';

  -- Two doubles hold every window sum without error while the magnitudes span less than this; market data does.
  if largest > 1e250 or smallest < 1e-250 or largest / smallest > 2.0 ^ 51 / period / period then
    select array_agg(
      case
        when w.counted < min_count then null
        when averaged then (w.total / w.counted)::double precision
        else w.total::double precision
      end
      order by w.bar
    )
    into result
    from (
      select e.bar, count(e.value) over recent as counted, sum(e.value) over recent as total
      from (
        select v.bar, ta.exact_binary(v.value) as value
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as w;
    return result;
  end if;

  result := array_fill(null::double precision, array[bars]);
  if largest > 0 then
    splitter := 1.5 * 2.0 ^ (ceil(log(largest * period) / log(2)) + 1);
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
    head_sum := head_sum + (((x + splitter) - splitter) - ((leaving + splitter) - splitter));
    tail_sum := tail_sum + ((x - ((x + splitter) - splitter)) - (leaving - ((leaving + splitter) - splitter)));
    if counted >= min_count then
      total := head_sum + tail_sum;
      if averaged then
        mean := total / counted;
        -- Gives back what rounding took from the sum and from the quotient, so that the mean of a constant is that constant. 2^27 + 1 cuts a double in halves.
        coarse := mean * 134217729 - (mean * 134217729 - mean);
        mean := mean + (
          ((total - coarse * counted) - (mean - coarse) * counted)
          + ((head_sum - (total - (total - head_sum))) + (tail_sum - (total - head_sum)))
        ) / counted;
        result[i] := mean;
      else
        result[i] := total;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_sum(text, double precision[], integer, integer, boolean) is
$$Helper of the kernels: the sum, or the mean, of each window of the last bars. Each value is split in a head and a tail whose sums are exact in double
precision, so the sum, and the mean, is
correctly rounded and equal, bit for bit, wherever the array begins. Where the magnitudes of one array span more than about 2^51 / period^2 the sums are
made in numeric instead.
Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs; averaged, mean instead
of sum.
NULL, NaN and infinity are left out of the sums; fewer than min_count values give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_sum(text, double precision[], integer, integer, boolean) from public;
grant execute on function ta.window_sum(text, double precision[], integer, integer, boolean) to marketbase_reader;
