-- Edges from feature vectors and bars to the training set that was drawn from them.
create or replace function lineage.record_training_set() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to, target_relation, target_id,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, source.relation, instrument_id, made.from_ts, made.to_ts, 'ml.training_set', made.training_set_id,
    made.row_count, 'insert', 'ml.make_training_set', made.data_hash
  from made
  cross join unnest(made.instrument_ids) as instrument_id
  cross join (values ('feature.feature_vector'), ('market.price_data')) as source (relation);
  return null;
end
$$;

comment on function lineage.record_training_set() is
'Trigger: writes an edge from the vectors and one from the bars (the labels) of each instrument to the training set.';

revoke all on function lineage.record_training_set() from public;

create or replace trigger _500_lineage_insert after insert on ml.training_set
  referencing new table as made
  for each statement execute function lineage.record_training_set();
