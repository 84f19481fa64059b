-- How far the features of a set have moved from a baseline window to a current one.
create or replace function feature.drift(
  p_set text,
  p_baseline_from timestamptz,
  p_baseline_to timestamptz,
  p_current_from timestamptz,
  p_current_to timestamptz,
  p_thresholds jsonb default '{}',
  p_max_vectors integer default 10000
) returns setof feature.feature_drift
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  thresholds constant jsonb := '{
    "psi": [0.1, 0.25], "ks": [0.125, 0.2], "kl": null, "js": null, "null_share": [0.01, 0.1], "sessions_behind": [1, 5], "significance": 0.001
  }'::jsonb || coalesce(p_thresholds, '{}');
  baseline_share double precision;
  current_share double precision;
  wrong text;
begin
  select given.key into wrong
  from jsonb_each(coalesce(p_thresholds, '{}')) as given
  where case given.key
    when 'significance' then jsonb_typeof(given.value) <> 'number'
    else given.key not in ('psi', 'ks', 'kl', 'js', 'null_share', 'sessions_behind')
      or not (given.value = 'null' or (jsonb_path_match(given.value, '$.size() == 2 && $[0].type() == "number" && $[1].type() == "number" && $[0] <= $[1]')))
  end
  limit 1;
  if found then
    raise exception using
      errcode = 'MB001',
      message = format('The threshold %s is not acceptable.', left(quote_literal(wrong), 80)),
      hint = 'Give an object with psi, ks, kl, js, null_share or sessions_behind as [warn, fail] or null, and significance as a number.';
  elsif (p_baseline_from <= p_baseline_to and p_current_from <= p_current_to) is not true then
    raise exception using errcode = 'MB001', message = 'A window ends before it begins.', hint = 'Give first and last bar of the baseline and of the current window.';
  elsif p_max_vectors < 1 then
    raise exception using errcode = 'MB001', message = format('%s vectors are none.', p_max_vectors), hint = 'Give a positive number, or NULL for all.';
  end if;

  select
    p_max_vectors::double precision / nullif(count(*) filter (where vector.ts between p_baseline_from and p_baseline_to), 0),
    p_max_vectors::double precision / nullif(count(*) filter (where vector.ts between p_current_from and p_current_to), 0)
  into baseline_share, current_share
  from feature.feature_vector as vector
  where vector.feature_set_version_id = current_set.feature_set_version_id
    and (vector.ts between p_baseline_from and p_baseline_to or vector.ts between p_current_from and p_current_to);

  return query
    with drawn as (
      -- Chance by hash, so that the same vectors are drawn each time.
      select vector.values, vector.ts, part.is_current
      from feature.feature_vector as vector
      cross join lateral (
        select false as is_current, baseline_share as share where vector.ts between p_baseline_from and p_baseline_to
        union all
        select true, current_share where vector.ts between p_current_from and p_current_to
      ) as part
      where vector.feature_set_version_id = current_set.feature_set_version_id
        and (
          coalesce(part.share, 1) >= 1
          or abs(hashint8extended(vector.instrument_id # extract(epoch from vector.ts)::bigint, 0) % 1000000) < part.share * 1000000
        )
    ),
    sample as materialized (
      select
        value.position,
        array_agg(value.x) filter (where not drawn.is_current) as baseline,
        array_agg(value.x) filter (where drawn.is_current) as current_values
      from drawn
      cross join lateral unnest(drawn.values) with ordinality as value (x, position)
      group by value.position
    ),
    -- The last bar with a value: of each instrument the last vector, and what was drawn.
    newest as (
      select distinct on (value.position) value.position, latest.instrument_id, latest.ts
      from market.instrument as instrument
      cross join lateral (
        select vector.instrument_id, vector.ts, vector.values
        from feature.feature_vector as vector
        where vector.instrument_id = instrument.instrument_id
          and vector.feature_set_version_id = current_set.feature_set_version_id
          and vector.ts <= p_current_to
        order by vector.ts desc
        limit 10
      ) as latest
      cross join lateral unnest(latest.values) with ordinality as value (x, position)
      where value.x is not null
      order by value.position, latest.ts desc, latest.instrument_id
    ),
    judged as (
      select
        named.name, named.position,
        coalesce(cardinality(sample.baseline), 0)::bigint as baseline_count,
        coalesce(cardinality(sample.current_values), 0)::bigint as current_count,
        1 - cardinality(finite.baseline) / nullif(cardinality(sample.baseline), 0)::double precision as baseline_null_share,
        1 - cardinality(finite.current_values) / nullif(cardinality(sample.current_values), 0)::double precision as current_null_share,
        divergence.psi, divergence.p_value as psi_p_value, divergence.kl, divergence.js,
        test.statistic as ks, test.p_value as ks_p_value,
        newest.ts as last_ts,
        feature.sessions_behind(newest.instrument_id, current_set.bar_interval, newest.ts, p_current_to) as sessions_behind
      from unnest(current_set.feature_names) with ordinality as named (name, position)
      left join sample on sample.position = named.position
      left join newest on newest.position = named.position
      cross join lateral (
        select feature.finite_values(sample.baseline) as baseline, feature.finite_values(sample.current_values) as current_values
      ) as finite
      cross join lateral feature.divergences(array(
        select counted from feature.bin_counts(finite.baseline, finite.current_values) as counted
      )) as divergence
      cross join lateral feature.ks(finite.baseline, finite.current_values) as test
    )
    select
      judged.name,
      coalesce(verdict.level, case when judged.psi is not null then 'ok' end),
      verdict.reason, judged.baseline_count, judged.current_count,
      judged.baseline_null_share, judged.current_null_share, judged.psi, judged.psi_p_value, judged.ks, judged.ks_p_value, judged.kl, judged.js,
      judged.last_ts, judged.sessions_behind
    from judged
    left join lateral (
      select
        case when bool_or(limits.fails) then 'fail' else 'warn' end as level,
        string_agg(
          format('%s %s is at least %s', measure.name, round(measure.value::numeric, 4), case when limits.fails then limits.fail else limits.warn end),
          ', ' order by measure.place
        ) as reason
      from (values
        (1, 'psi', judged.psi, judged.psi_p_value),
        (2, 'ks', judged.ks, judged.ks_p_value),
        (3, 'kl', judged.kl, judged.psi_p_value),
        (4, 'js', judged.js, judged.psi_p_value),
        (5, 'null_share', coalesce(judged.current_null_share, 1) - judged.baseline_null_share, 0),
        (6, 'sessions_behind', judged.sessions_behind, 0)
      ) as measure (place, name, value, p_value)
      cross join lateral (
        select
          (thresholds -> measure.name ->> 0)::double precision as warn,
          (thresholds -> measure.name ->> 1)::double precision as fail,
          measure.value >= (thresholds -> measure.name ->> 1)::double precision as fails
      ) as limits
      where measure.value >= limits.warn and measure.p_value <= (thresholds ->> 'significance')::double precision
      having count(*) > 0
    ) as verdict on true
    order by judged.position;
end
$$;

comment on function feature.drift(text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb, integer) is
'For each feature of the version of p_set in force, how its values over all instruments differ between the bars from p_baseline_from to p_baseline_to and those from p_current_from to p_current_to (both ends included), in the order of the set.
p_thresholds: a JSON object that replaces some of {"psi": [0.1, 0.25], "ks": [0.125, 0.2], "kl": null, "js": null, "null_share": [0.01, 0.1], "sessions_behind": [1, 5], "significance": 0.001}: from the first number on the level is warn, from the second on fail; null: not judged. A distance counts only where chance gives so large a one with at most the probability significance, taking the vectors for independent. null_share is by how much the share has risen.
psi 0.1 and 0.25: Siddiqi, Credit Risk Scorecards, 2006. ks 0.125 and 0.2: a normal distribution whose mean moves so far that psi is 0.1 and 0.25 (0.32 and 0.5 deviations) is that far away.
p_max_vectors: a window with more vectors is represented by about that many, the same each time (NULL: all are read). level is NULL where a window has no values to compare and nothing is beyond a threshold.
Errors: MB001 for a threshold, a window that ends before it begins or p_max_vectors, MB003 for an unknown set.';

revoke all on function feature.drift(text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb, integer) from public;
grant execute on function feature.drift(text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb, integer) to marketbase_reader;
