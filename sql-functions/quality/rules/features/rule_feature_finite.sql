-- Features are numbers.
create or replace function quality.rule_feature_finite(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    vector.instrument_id,
    vector.ts,
    jsonb_build_object('feature_set', feature_set.name, 'version', version.version),
    offender.observed,
    'finite values',
    format('Not finite in %s: %s.', feature_set.name, offender.names)
  from feature.feature_set_version as version
  join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
  join feature.feature_vector as vector on vector.feature_set_version_id = version.feature_set_version_id
  cross join lateral (
    select jsonb_object_agg(value.name, value.x::text) as observed, string_agg(value.name, ', ' order by value.position) as names
    from unnest(version.feature_names, vector.values) with ordinality as value (name, x, position)
    where value.x in ('NaN', 'Infinity', '-Infinity')
  ) as offender
  where version.is_current
    and vector.instrument_id = any (p_instrument_ids)
    and vector.ts between p_from and p_to
    and (
      array_position(vector.values, 'NaN') is not null
      or array_position(vector.values, 'Infinity') is not null
      or array_position(vector.values, '-Infinity') is not null
    );
end;

comment on function quality.rule_feature_finite(bigint[], timestamptz, timestamptz, jsonb) is
'Feature vectors of current versions that hold an infinite value or one that is not a number. NULL is judged by feature_complete. p_parameters is not used.';

revoke all on function quality.rule_feature_finite(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_feature_finite(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_finite', 'feature_vector', 'features', 'error', '{}',
  'A feature is infinite or not a number: a kernel divided by zero or overflowed.',
  'Correct the expression or the kernel so that it gives NULL where it is not defined.'
);
