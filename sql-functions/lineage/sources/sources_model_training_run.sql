-- A trained model comes from its training set.
create or replace function lineage.sources_model_training_run(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'ml.training_set', training_set.training_set_id, null::bigint, training_set.feature_set_version_id, null::bigint,
    training_set.from_ts, training_set.to_ts, training_set.row_count, training_set.label, 'ml.make_training_set',
    training_set.run_id, training_set.known_at, training_set.data_hash, null::text
  from ml.model_training_run training
  join ml.training_set training_set using (training_set_id)
  where training.model_training_run_id = p_node.id;
end;

comment on function lineage.sources_model_training_run(lineage.node) is 'Source of the training run p_node.id: its training set.';

revoke all on function lineage.sources_model_training_run(lineage.node) from public;
grant execute on function lineage.sources_model_training_run(lineage.node) to marketbase_reader;
