-- Gives the mean absolute deviation from the mean of each window that has a mean.
create or replace function ta.window_mean_deviation(
  series double precision[],
  means double precision[],
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
  result double precision[] := array_fill(null::double precision, array[bars]);
  total double precision;
  counted integer := 0;
  -- For long windows: the different values in order, each bar's place among them, and Fenwick trees of counts and exact sums over them.
  ladder double precision[];
  places integer[];
  steps integer;
  counts integer[];
  sums numeric[];
  place integer;
  exact numeric;
  j integer;
  below integer;
  sum_below numeric;
  sum_all numeric := 0;
  centre double precision;
begin
  if period <= 100 then
    for i in 1..bars loop
      if series[i] is not null then
        counted := counted + 1;
      end if;
      if i > period and series[i - period] is not null then
        counted := counted - 1;
      end if;
      centre := means[i];
      if centre is not null then
        total := 0;
        for k in greatest(i - period + 1, 1)..i loop
          total := total + coalesce(abs(series[k] - centre), 0);
        end loop;
        result[i] := total / counted;
      end if;
    end loop;
    return result;
  end if;

  select array_agg(v.value order by v.value) into ladder from (select distinct u.value from unnest(series) as u (value) where u.value is not null) as v;
  select array_agg(case when r.value is not null then r.place end order by r.bar)
  into places
  from (
    select u.bar, u.value, dense_rank() over (order by u.value) as place
    from unnest(series) with ordinality as u (value, bar)
  ) as r;
  steps := coalesce(cardinality(ladder), 0);
  counts := array_fill(0, array[steps]);
  sums := array_fill(0::numeric, array[steps]);
  for i in 1..bars loop
    if i > period and places[i - period] is not null then
      exact := ta.exact_binary(series[i - period]);
      sum_all := sum_all - exact;
      counted := counted - 1;
      j := places[i - period];
      while j <= steps loop
        counts[j] := counts[j] - 1;
        sums[j] := sums[j] - exact;
        j := j + (j & -j);
      end loop;
    end if;
    if places[i] is not null then
      exact := ta.exact_binary(series[i]);
      sum_all := sum_all + exact;
      counted := counted + 1;
      j := places[i];
      while j <= steps loop
        counts[j] := counts[j] + 1;
        sums[j] := sums[j] + exact;
        j := j + (j & -j);
      end loop;
    end if;
    centre := means[i];
    if centre is not null then
      below := 0;
      sum_below := 0;
      j := width_bucket(centre, ladder);
      while j > 0 loop
        below := below + counts[j];
        sum_below := sum_below + sums[j];
        j := j & (j - 1);
      end loop;
      result[i] := (sum_all - 2 * sum_below + (2 * below - counted) * ta.exact_binary(centre))::double precision / counted;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_mean_deviation(double precision[], double precision[], integer) is
$$Helper of the kernels: the mean absolute deviation of the values of each window of the last period bars from their mean. NULL where the
mean is NULL.
Method: up to 100 bars by adding up, longer windows by Fenwick trees of counts and exact sums over the ordered values: bars * log(bars), whatever the
period.
Arguments: series, NULL where a value is missing; means, of the same windows; period, bars per window. Errors: none.$$;

revoke all on function ta.window_mean_deviation(double precision[], double precision[], integer) from public;
grant execute on function ta.window_mean_deviation(double precision[], double precision[], integer) to marketbase_reader;
