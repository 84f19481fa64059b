-- A prediction comes from a trained model and from the feature vector that was known at its decision.
create or replace function lineage.sources_model_prediction(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'ml.model_training_run', training.model_training_run_id, null::bigint, null::bigint, null::bigint, null::timestamptz, null::timestamptz,
    1::bigint, training.code_version, 'ml.train', training.run_id, training.finished_at, training.data_hash, null::text
  from ml.model_prediction prediction
  join ml.model_training_run training using (model_training_run_id)
  where prediction.model_prediction_id = p_node.id
  union all
  select
    'feature.feature_vector', null, vector.instrument_id, vector.feature_set_version_id, null, vector.ts, vector.ts,
    1, feature_set.name || '@' || version.version, 'feature.compute', vector.run_id, vector.recorded_at, null, null
  from ml.model_prediction prediction
  join feature.feature_vector_version vector
    on vector.instrument_id = prediction.instrument_id
    and vector.feature_set_version_id = prediction.feature_set_version_id
    and vector.ts = prediction.ts
    and vector.revision = prediction.feature_revision
  join feature.feature_set_version version on version.feature_set_version_id = prediction.feature_set_version_id
  join feature.feature_set feature_set on feature_set.feature_set_id = version.feature_set_id
  where prediction.model_prediction_id = p_node.id;
end;

comment on function lineage.sources_model_prediction(lineage.node) is
'Sources of the prediction p_node.id: its training run, and the revision of the feature vector that it used.';

revoke all on function lineage.sources_model_prediction(lineage.node) from public;
grant execute on function lineage.sources_model_prediction(lineage.node) to marketbase_reader;
