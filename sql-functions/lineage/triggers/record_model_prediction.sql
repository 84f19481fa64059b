-- Edges from the trained model and the feature vectors to the predictions.
create or replace function lineage.record_model_prediction() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to, row_count, operation, transformation, transformation_version
  )
  select
    grouped.run_id, source.relation, source.id, source.instrument_id, source.from_ts, source.to_ts,
    'ml.model_prediction', grouped.instrument_id, grouped.from_ts, grouped.to_ts, grouped.row_count, 'insert', 'ml.predict', training.code_version
  from (
    select run_id, instrument_id, model_training_run_id, min(ts) as from_ts, max(ts) as to_ts, count(*) as row_count
    from made
    group by run_id, instrument_id, model_training_run_id
  ) grouped
  join ml.model_training_run training using (model_training_run_id)
  cross join lateral (
    values
      ('ml.model_training_run', grouped.model_training_run_id, null::bigint, null::timestamptz, null::timestamptz),
      ('feature.feature_vector', null, grouped.instrument_id, grouped.from_ts, grouped.to_ts)
  ) as source (relation, id, instrument_id, from_ts, to_ts);
  return null;
end
$$;

comment on function lineage.record_model_prediction() is
'Trigger: writes an edge from the training run and one from the vectors of each instrument to its predictions.';

revoke all on function lineage.record_model_prediction() from public;

create or replace trigger _500_lineage_insert after insert on ml.model_prediction
  referencing new table as made
  for each statement execute function lineage.record_model_prediction();
