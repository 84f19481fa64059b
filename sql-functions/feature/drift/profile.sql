-- What the values of a set look like, feature by feature.
create or replace function feature.profile(p_set text, p_from timestamptz default null, p_to timestamptz default null) returns setof feature.feature_profile
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
begin
  return query
    with numbered as (
      select vector.instrument_id, vector.ts, vector.values, row_number() over (partition by vector.instrument_id order by vector.ts) as bar_no
      from feature.feature_vector as vector
      where vector.feature_set_version_id = current_set.feature_set_version_id and vector.ts <= coalesce(p_to, 'infinity')
    ),
    -- One pass over the vectors.
    part as materialized (
      select
        numbered.instrument_id, value.position,
        array_agg(value.x) as series,
        count(*) as row_count,
        count(value.x) as value_count,
        min(numbered.ts) filter (where value.x is not null) as first_ts,
        max(numbered.ts) filter (where value.x is not null) as last_ts,
        max(numbered.bar_no) - least(min(numbered.bar_no) filter (where value.x is not null), greatest(current_set.lookback + 1, min(numbered.bar_no))) + 1
          - count(value.x) as late_null_count
      from numbered
      cross join lateral unnest(numbered.values) with ordinality as value (x, position)
      where numbered.ts >= coalesce(p_from, '-infinity')
      group by numbered.instrument_id, value.position
    ),
    newest as (
      select distinct on (part.position)
        part.position, part.last_ts, feature.sessions_behind(part.instrument_id, current_set.bar_interval, part.last_ts, p_to) as sessions_behind
      from part
      where part.last_ts is not null
      order by part.position, part.last_ts desc, part.instrument_id
    ),
    counted as (
      select
        part.position, sum(part.row_count)::bigint as row_count, sum(part.row_count - part.value_count)::bigint as null_count,
        sum(greatest(part.late_null_count, 0))::bigint as late_null_count, min(part.first_ts) as first_ts
      from part
      group by part.position
    ),
    described as (
      select
        part.position,
        count(*) filter (where not is_finite) as infinite_count,
        count(*) filter (where x = 0) as zero_count,
        count(distinct x) filter (where is_finite) as distinct_count,
        avg(x) filter (where is_finite) as mean,
        stddev_samp(x) filter (where is_finite) as deviation,
        percentile_cont('{0,0.01,0.05,0.25,0.5,0.75,0.95,0.99,1}'::double precision[]) within group (order by x) filter (where is_finite) as quantiles
      from part
      cross join lateral unnest(part.series) as value (x)
      cross join lateral (select x > '-infinity' and x < 'infinity' as is_finite) as kind
      where x is not null
      group by part.position
    ),
    moment as (
      select
        part.position,
        avg((x - described.mean) ^ 3) / nullif(sqrt(avg((x - described.mean) ^ 2)) ^ 3, 0) as skew
      from described
      join part using (position)
      cross join lateral unnest(part.series) as value (x)
      where x > '-infinity' and x < 'infinity'
      group by part.position
    )
    select
      named.name, coalesce(counted.row_count, 0), coalesce(counted.null_count, 0), coalesce(counted.late_null_count, 0),
      coalesce(described.infinite_count, 0), coalesce(described.zero_count, 0), coalesce(described.distinct_count, 0),
      described.mean, described.deviation, case when described.quantiles[1] < described.quantiles[9] then moment.skew end,
      described.quantiles[1], described.quantiles[2], described.quantiles[3], described.quantiles[4], described.quantiles[5],
      described.quantiles[6], described.quantiles[7], described.quantiles[8], described.quantiles[9],
      counted.first_ts, newest.last_ts, newest.sessions_behind
    from unnest(current_set.feature_names) with ordinality as named (name, position)
    left join counted on counted.position = named.position
    left join described on described.position = named.position
    left join moment on moment.position = named.position
    left join newest on newest.position = named.position
    order by named.position;
end
$$;

comment on function feature.profile(text, timestamptz, timestamptz) is
'A row for each feature of the version of p_set in force, in its order: counts of nulls, infinite values, zeros and different values, mean, deviation, skewness, quantiles (interpolated, as numpy.quantile does), first and last bar with a value and how many sessions came since, over the bars of all instruments from p_from to p_to (NULL: no limit).
late_null_count counts nulls beyond the warm-up of each instrument. Without vectors the counts are 0 and the figures NULL. Errors: MB003 for an unknown set.';

revoke all on function feature.profile(text, timestamptz, timestamptz) from public;
grant execute on function feature.profile(text, timestamptz, timestamptz) to marketbase_reader;
