-- Edges from the quarantine to the rows that were released from it.
create or replace function lineage.record_quarantine_release() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.quarantine', made.quarantine_id,
    case refused.dataset when 'bars' then 'market.price_data' else 'market.company_fundamental' end, refused.instrument_id, refused.ts, refused.ts,
    1, case when made.new_count > 0 then 'insert' else 'update' end,
    'pipeline.release_quarantined', internal.function_version('pipeline.release_quarantined(bigint, text, text)'::regprocedure)
  from made
  join ingest.quarantine as refused using (quarantine_id)
  where made.new_count + made.changed_count > 0;
  return null;
end
$$;

comment on function lineage.record_quarantine_release() is
'Trigger: writes one edge from each released row of the quarantine to the row or version that it became.';

revoke all on function lineage.record_quarantine_release() from public;

create or replace trigger _500_lineage_insert after insert on ingest.quarantine_release
  referencing new table as made
  for each statement execute function lineage.record_quarantine_release();
