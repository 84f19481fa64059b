-- Edges from the bars to the outcomes of predictions.
create or replace function lineage.record_prediction_outcome() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to, row_count, operation, transformation, transformation_version
  )
  select
    made.outcome_run_id, 'market.price_data', made.instrument_id, min(made.ts), max(made.outcome_known_from),
    'ml.model_prediction', made.instrument_id, min(made.ts), max(made.ts), count(*), 'update', 'ml.join_outcomes',
    internal.function_version('ml.join_outcomes(bigint)'::regprocedure)
  from made
  where made.outcome_run_id is not null
  group by made.outcome_run_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_prediction_outcome() is
'Trigger: writes an edge from the bars of each instrument to the predictions whose outcome was joined.';

revoke all on function lineage.record_prediction_outcome() from public;

create or replace trigger _500_lineage_update after update on ml.model_prediction
  referencing new table as made
  for each statement execute function lineage.record_prediction_outcome();
