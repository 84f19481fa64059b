-- Edges from the bodies to the facts that were read from them.
create or replace function lineage.record_company_fundamental() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id,
    format('%s.%s', tg_table_schema, tg_table_name), made.instrument_id,
    min(made.period_end::timestamp at time zone 'UTC'), max(made.period_end::timestamp at time zone 'UTC'),
    count(*), lower(tg_op), normaliser.name, internal.function_version(to_regprocedure(normaliser.name || '(bigint)'))
  from made
  join ingest.raw_response response on response.raw_response_id = made.raw_response_id
  cross join lateral (select format('ingest.normalise_%s_%s', response.provider, response.dataset)) as normaliser (name)
  group by made.run_id, made.raw_response_id, made.instrument_id, normaliser.name;
  return null;
end
$$;

comment on function lineage.record_company_fundamental() is
'Trigger: writes one edge from each body to each instrument whose facts were added or changed.';

revoke all on function lineage.record_company_fundamental() from public;

create or replace trigger _500_lineage_insert after insert on market.company_fundamental
  referencing new table as made
  for each statement execute function lineage.record_company_fundamental();
create or replace trigger _500_lineage_update after update on market.company_fundamental
  referencing new table as made
  for each statement execute function lineage.record_company_fundamental();
