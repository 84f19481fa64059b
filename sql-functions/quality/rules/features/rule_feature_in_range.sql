-- Features lie where their definition puts them.
create or replace function quality.rule_feature_in_range(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bound as (
    select
      version.feature_set_version_id, version.version, feature_set.name as set_name, feature.name, feature.position::integer as position,
      (allowed.value ->> 0)::double precision as lowest,
      (allowed.value ->> 1)::double precision as highest
    from feature.feature_set_version as version
    join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
    cross join lateral unnest(version.feature_names) with ordinality as feature (name, position)
    join lateral jsonb_each(p_parameters -> 'ranges') as allowed (pattern, value) on feature.name ~ allowed.pattern
    where version.is_current
  )
  select
    null::bigint,
    vector.instrument_id,
    vector.ts,
    jsonb_build_object('feature_set', min(bound.set_name), 'version', min(bound.version)),
    jsonb_object_agg(bound.name, vector.values[bound.position]::text),
    string_agg(distinct format('%s in [%s, %s]', bound.name, coalesce(bound.lowest::text, ''), coalesce(bound.highest::text, '')), ', '),
    format('Out of range in %s: %s.', min(bound.set_name), string_agg(format('%s = %s', bound.name, vector.values[bound.position]), ', ' order by bound.position))
  from bound
  join feature.feature_vector as vector on vector.feature_set_version_id = bound.feature_set_version_id
  where vector.instrument_id = any (p_instrument_ids)
    and vector.ts between p_from and p_to
    and (
      vector.values[bound.position] < bound.lowest - (p_parameters ->> 'slack')::double precision
      or vector.values[bound.position] > bound.highest + (p_parameters ->> 'slack')::double precision
    )
  group by vector.instrument_id, vector.feature_set_version_id, vector.ts;
end;

comment on function quality.rule_feature_in_range(bigint[], timestamptz, timestamptz, jsonb) is
'Feature vectors of current versions with a value outside of the range that the parameter ranges gives for the names that match its regular expression: [lowest, highest], null for none; slack allows for rounding.';

revoke all on function quality.rule_feature_in_range(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_feature_in_range(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_in_range', 'feature_vector', 'features', 'error',
  '{
    "ranges": {
      "^(rsi|mfi|adx|plus_di|minus_di|stoch_[kd])(_[0-9]+)?$": [0, 100],
      "^willr(_[0-9]+)?$": [-100, 0],
      "^(corr|cord)[0-9]*$": [-1, 1],
      "^rsv[0-9]*$": [0, 1],
      "^(std|vstd|atr|natr|bb_bandwidth)[_0-9]*$": [0, null]
    },
    "slack": 1e-6
  }',
  'A feature lies outside of what it can be by its definition: its kernel is wrong, or the prices beneath it are.',
  'Compare the kernel with its reference; look at the bars of the window.'
);
