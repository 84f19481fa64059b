-- Features have values once they are warmed up.
create or replace function quality.rule_feature_complete(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with vector as (
    select v.instrument_id, v.ts, v.values, version.feature_names, version.version, version.lookback, feature_set.name, feature_set.bar_interval
    from feature.feature_set_version as version
    join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
    join feature.feature_vector as v on v.feature_set_version_id = version.feature_set_version_id
    -- Whoever is in no group has no value among groups; what is compared is checked in the first stage.
    where version.is_current and version.base_version_id is null
      and version.lookback is not null
      and not 'fundamental' = any (version.sources)
      and v.instrument_id = any (p_instrument_ids)
      and v.ts between p_from and p_to
      and array_position(v.values, null) is not null
  )
  select
    null::bigint,
    vector.instrument_id,
    vector.ts,
    jsonb_build_object('feature_set', vector.name, 'version', vector.version),
    jsonb_build_object('missing', offender.names),
    format('a value from the %s. bar on', vector.lookback + 1),
    format('No value in %s: %s.', vector.name, array_to_string(offender.names, ', '))
  from vector
  cross join lateral (
    select array_agg(value.name order by value.position) as names
    from unnest(vector.feature_names, vector.values) with ordinality as value (name, x, position)
    where value.x is null
  ) as offender
  where offender.names is not null
    and (
      vector.lookback = 0
      or exists (
        select
        from market.price_data as price
        where price.instrument_id = vector.instrument_id and price.bar_interval = vector.bar_interval and price.ts < vector.ts
        order by price.ts desc
        offset greatest(vector.lookback - 1, 0)
        limit 1
      )
    );
end;

comment on function quality.rule_feature_complete(bigint[], timestamptz, timestamptz, jsonb) is
'Feature vectors of current versions with a NULL although as many bars as the lookback of the set lie before them. Sets that depend on all bars before (lookback NULL) are passed over, and those of fundamentals, which not every company reports. p_parameters is not used.';

revoke all on function quality.rule_feature_complete(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_feature_complete(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_complete', 'feature_vector', 'features', 'warning', '{}',
  'A feature has no value although there were enough bars: it is not defined there, as a correlation is not without variation.',
  'Look at the bars of the window: prices that stand still are the usual cause.'
);
