-- Edges from the training set to the model that was trained on it.
create or replace function lineage.record_model_training_run() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, row_count, operation, transformation, transformation_version
  )
  select made.run_id, 'ml.training_set', made.training_set_id, 'ml.model_training_run', made.model_training_run_id, 1, 'insert', 'ml.train', made.code_version
  from made;
  return null;
end
$$;

comment on function lineage.record_model_training_run() is
'Trigger: writes the edge from the training set to the training run.';

revoke all on function lineage.record_model_training_run() from public;

create or replace trigger _500_lineage_insert after insert on ml.model_training_run
  referencing new table as made
  for each statement execute function lineage.record_model_training_run();
