-- Edges from the bodies to the documents that were read from them.
create or replace function lineage.record_document() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id, 'search.document', made.document_id, made.instrument_id, min(made.known_from), max(made.known_from),
    count(*), lower(tg_op), 'search.record_documents', internal.function_version('search.record_documents(bigint, bigint)'::regprocedure)
  from made
  group by made.run_id, made.raw_response_id, made.document_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_document() is
'Trigger: writes one edge from each body to each document.';

revoke all on function lineage.record_document() from public;

create or replace trigger _500_lineage_insert after insert on search.document
  referencing new table as made
  for each statement execute function lineage.record_document();
