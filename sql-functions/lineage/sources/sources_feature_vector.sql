-- Feature vectors come from the bars in their window, or from the vectors of a first stage, as those were stored when the vectors were computed.
create or replace function lineage.sources_feature_vector(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'market.price_data', null::bigint, bar.instrument_id, null::bigint, bar.raw_response_id,
    min(bar.ts), max(bar.ts), count(*), 'version ' || string_agg(distinct bar.version::text, ', '), 'ingest.accept_bars',
    bar.run_id, max(bar.recorded_at), null::text, null::text
  from feature.feature_set_version version
  join market.price_data_version bar
    on bar.instrument_id = p_node.instrument_id
    and bar.bar_interval = '1d'
    and bar.ts between lineage.window_start(p_node.instrument_id, version.lookback, p_node.from_ts) and p_node.to_ts
    and bar.recorded_at <= p_node.recorded_at
    and (bar.closed_at is null or bar.closed_at > p_node.recorded_at)
  where version.feature_set_version_id = p_node.feature_set_version_id and version.base_version_id is null
  group by bar.instrument_id, bar.raw_response_id, bar.run_id
  union all
  select
    'feature.feature_vector', null, vector.instrument_id, vector.feature_set_version_id, null,
    min(vector.ts), max(vector.ts), count(*), feature_set.name || '@' || base.version, 'feature.compute',
    vector.run_id, max(vector.recorded_at), null, null
  from feature.feature_set_version version
  join feature.feature_set_version base on base.feature_set_version_id = version.base_version_id
  join feature.feature_set feature_set on feature_set.feature_set_id = base.feature_set_id
  join feature.feature_vector_version vector
    on vector.feature_set_version_id = version.base_version_id
    and vector.ts between p_node.from_ts and p_node.to_ts
    and vector.recorded_at <= p_node.recorded_at
    and vector.closed_at > p_node.recorded_at
  where version.feature_set_version_id = p_node.feature_set_version_id
  group by vector.instrument_id, vector.feature_set_version_id, feature_set.name, base.version, vector.run_id
  union all
  select
    'market.instrument_group', null, membership.instrument_id, null, null,
    membership.from_date::timestamp at time zone 'UTC', membership.from_date::timestamp at time zone 'UTC', 1,
    concat_ws(' ', membership.kind, membership.name), 'market.set_group', membership.run_id, membership.recorded_at, null, null
  from feature.feature_set_version version
  join lateral (
    select known.instrument_id, known.kind, known.name, known.from_date, known.run_id, known.recorded_at, 'infinity'::timestamptz as closed_at
    from market.instrument_group known
    union all
    select closed.instrument_id, closed.kind, closed.name, closed.from_date, closed.run_id, closed.recorded_at, closed.closed_at
    from market.instrument_group_history closed
  ) membership
    on membership.kind = any (version.group_kinds)
    and membership.from_date <= (p_node.to_ts at time zone 'UTC')::date
    and membership.recorded_at <= p_node.recorded_at
    and membership.closed_at > p_node.recorded_at
  where version.feature_set_version_id = p_node.feature_set_version_id
  order by 6, 5, 3;
end;

comment on function lineage.sources_feature_vector(lineage.node) is
'Sources of the vectors of p_node: the bars from the lookback before the first to the last, in the versions that were stored when the vectors were computed, by the body from which they were read. For vectors that compare instruments: the vectors of the first stage at the same times, of all instruments, and the memberships in groups up to then.';

revoke all on function lineage.sources_feature_vector(lineage.node) from public;
grant execute on function lineage.sources_feature_vector(lineage.node) to marketbase_reader;
