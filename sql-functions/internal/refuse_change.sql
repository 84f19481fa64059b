-- Append-only tables: what is written stays, for every role.
create or replace function internal.refuse_change() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'MB006',
    message = format('%I.%I is append-only: %s is refused', tg_table_schema, tg_table_name, lower(tg_op)),
    hint = 'Add a new row that corrects the old one.';
end
$$;

comment on function internal.refuse_change() is
'Trigger: refuses update, delete and truncate with MB006. Attached to every append-only table.';

revoke all on function internal.refuse_change() from public;

create or replace trigger _100_append_only before update or delete or truncate on ingest.raw_response
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.raw_response_chunk
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.normalisation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.quarantine
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.price_data_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.company_fundamental_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.corporate_action_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.macro_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.instrument_group_history
  for each statement execute function internal.refuse_change();
-- A membership that ends is a row without a name.
create or replace trigger _100_append_only before delete or truncate on market.instrument_group
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_rule
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.rule_activation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_result
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_finding
  for each statement execute function internal.refuse_change();
-- The description of a feature is documentation and may be reworded.
create or replace trigger _100_append_only
  before update of feature_set_version_id, name, position, expression or delete or truncate on feature.feature_definition
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on feature.feature_vector_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.data_lineage
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.audit_block
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.audit_leaf
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on portfolio.trade
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on portfolio.portfolio_optimization
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ml.training_set
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ml.training_set_digest
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document_embedding
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.price_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.corporate_action_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.row_change
  for each statement execute function internal.refuse_change();
-- A queue: what was delivered long ago is deleted (pipeline.prune_outbox).
create or replace trigger _100_append_only before update or truncate on pipeline.outbox_event
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_result_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_finding_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_sighting
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_sighting_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.tracked_finding
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_event
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.gate
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.gate_release
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.quarantine_release
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.known_shape
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.body_shape
  for each statement execute function internal.refuse_change();
