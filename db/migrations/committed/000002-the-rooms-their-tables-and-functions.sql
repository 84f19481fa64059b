--! Previous: sha1:044b61c08a45df7a279f9f9b30815a1b0de79448
--! Hash: sha1:15a13db7267d2416ea5f4fba9debc4b3ab89c6b0
--! Message: The rooms, their tables and functions

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 900-functions.sql
-- Made by `marketbase db include` from c06e6a35ab546a98: the changed files of sql-functions, each after what it needs.
--! Included lineage/triggers/record_corporate_action.sql
-- Edges from the bodies to the corporate actions that were read from them.
create or replace function lineage.record_corporate_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id, 'market.corporate_action', null, made.instrument_id,
    min(made.ex_date::timestamp at time zone 'UTC'), max(made.ex_date::timestamp at time zone 'UTC'),
    count(*), lower(tg_op), 'ingest.accept_actions', internal.function_version('ingest.accept_actions(bigint, bigint)'::regprocedure)
  from made
  group by made.run_id, made.raw_response_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_corporate_action() is
'Trigger: writes one edge from each body to the actions of each instrument.';

revoke all on function lineage.record_corporate_action() from public;

create or replace trigger _500_lineage_insert after insert on market.corporate_action
  referencing new table as made
  for each statement execute function lineage.record_corporate_action();
create or replace trigger _500_lineage_update after update on market.corporate_action
  referencing new table as made
  for each statement execute function lineage.record_corporate_action();
--! EndIncluded lineage/triggers/record_corporate_action.sql
