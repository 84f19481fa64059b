-- Edges from the bodies to the bars that were read from them.
create or replace function lineage.record_price_data() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  with span as materialized (
    select made.run_id, made.raw_response_id, made.instrument_id, min(made.ts) as from_ts, max(made.ts) as to_ts, count(*) as row_count
    from made
    group by made.run_id, made.raw_response_id, made.instrument_id
  )
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    span.run_id, 'ingest.raw_response', span.raw_response_id,
    format('%s.%s', tg_table_schema, tg_table_name), span.instrument_id, span.from_ts, span.to_ts,
    span.row_count, lower(tg_op), normaliser.name, normaliser.version
  from span
  join (
    select body.raw_response_id, named.name, internal.function_version(to_regprocedure(named.name || '(bigint)')) as version
    from (select distinct span.raw_response_id from span) as read
    join ingest.raw_response as body using (raw_response_id)
    cross join lateral (select format('ingest.normalise_%s_%s', body.provider, body.dataset)) as named (name)
  ) as normaliser using (raw_response_id);
  return null;
end
$$;

comment on function lineage.record_price_data() is
'Trigger: writes one edge from each body to each instrument whose bars were added or changed.';

revoke all on function lineage.record_price_data() from public;

create or replace trigger _500_lineage_insert after insert on market.price_data
  referencing new table as made
  for each statement execute function lineage.record_price_data();
create or replace trigger _500_lineage_update after update on market.price_data
  referencing new table as made
  for each statement execute function lineage.record_price_data();
