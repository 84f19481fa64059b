-- A training set comes from the feature vectors of its instruments as they were stored then.
create or replace function lineage.sources_training_set(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'feature.feature_vector', null::bigint, vector.instrument_id, vector.feature_set_version_id, null::bigint,
    min(vector.ts), max(vector.ts), count(*), feature_set.name || '@' || version.version, 'feature.compute',
    vector.run_id, max(vector.recorded_at), null::text, null::text
  from ml.training_set training_set
  join feature.feature_vector_version vector
    on vector.instrument_id = any (training_set.instrument_ids)
    and vector.feature_set_version_id = training_set.feature_set_version_id
    and vector.ts between training_set.from_ts and training_set.to_ts
    and vector.recorded_at <= training_set.known_at
    and vector.closed_at > training_set.known_at
  join feature.feature_set_version version on version.feature_set_version_id = training_set.feature_set_version_id
  join feature.feature_set feature_set on feature_set.feature_set_id = version.feature_set_id
  where training_set.training_set_id = p_node.id
  group by vector.instrument_id, vector.feature_set_version_id, feature_set.name, version.version, vector.run_id
  order by vector.instrument_id, min(vector.ts);
end;

comment on function lineage.sources_training_set(lineage.node) is
'Sources of the training set p_node.id: the feature vectors of each instrument that were stored when it was drawn, by the run that computed them.';

revoke all on function lineage.sources_training_set(lineage.node) from public;
grant execute on function lineage.sources_training_set(lineage.node) to marketbase_reader;
