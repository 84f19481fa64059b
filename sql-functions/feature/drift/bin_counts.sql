-- Sorts two samples into bins of about equal weight in the first.
create or replace function feature.bin_counts(p_baseline double precision[], p_current double precision[], p_bins integer default 10)
returns setof feature.bin_count
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  baseline constant double precision[] := feature.finite_values(p_baseline);
  current_values constant double precision[] := feature.finite_values(p_current);
  cuts double precision[];
  edges double precision[];
  ties boolean[];
begin
  if p_bins is null or p_bins not between 2 and 1000 then
    raise exception using errcode = 'MB001', message = format('%s is not a number of bins.', coalesce(p_bins::text, 'NULL')), hint = 'Use 2 to 1000; 10 is usual.';
  end if;
  select percentile_cont(array(select n::double precision / p_bins from generate_series(1, p_bins - 1) as n)) within group (order by value.x)
  into cuts
  from unnest(baseline) as value (x);
  -- A value that holds a whole share of the baseline gets a bin of its own.
  select array_agg(edge.cut order by edge.cut), array_agg(edge.is_tie order by edge.cut)
  into edges, ties
  from (
    select cut, count(*) > 1 or min(cut) in ((select min(x) from unnest(baseline) as x), (select max(x) from unnest(baseline) as x)) as is_tie
    from unnest(cuts) as cut
    group by cut
  ) as edge;
  if edges is null then
    return;
  end if;

  return query
    select sorted.bin, count(*) filter (where sorted.is_baseline), count(*) filter (where not sorted.is_baseline)
    from (
      select
        2 * place.below - (place.below > 0 and ties[place.below] and value.x = edges[place.below])::integer as bin,
        value.is_baseline
      from (
        select x, true as is_baseline from unnest(baseline) as x
        union all
        select x, false from unnest(current_values) as x
      ) as value
      cross join lateral (select width_bucket(value.x, edges) as below) as place
    ) as sorted
    group by sorted.bin
    order by sorted.bin;
end
$$;

comment on function feature.bin_counts(double precision[], double precision[], integer) is
'How many finite values of two samples fall into the bins that the p_bins-quantiles of p_baseline bound (interpolated, as numpy.quantile does), in rising order; the outer bins are open. Bins hold their lower bound. A value on which several quantiles fall, or the least or largest one, has a bin of its own, so that constants, flags and values with many zeros are told apart. Empty bins are left out.
NULL, NaN and infinity are left out. No rows for a baseline without values. Errors: MB001 for p_bins (2 to 1000).';

revoke all on function feature.bin_counts(double precision[], double precision[], integer) from public;
grant execute on function feature.bin_counts(double precision[], double precision[], integer) to marketbase_reader;
