-- Feature vectors come from the bars in their window, as those were stored when the vectors were computed.
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
  where version.feature_set_version_id = p_node.feature_set_version_id
  group by bar.instrument_id, bar.raw_response_id, bar.run_id
  order by min(bar.ts), bar.raw_response_id;
end;

comment on function lineage.sources_feature_vector(lineage.node) is
'Sources of the vectors of p_node: the bars from the lookback before the first to the last, in the versions that were stored when the vectors were computed, by the body from which they were read.';

revoke all on function lineage.sources_feature_vector(lineage.node) from public;
grant execute on function lineage.sources_feature_vector(lineage.node) to marketbase_reader;
