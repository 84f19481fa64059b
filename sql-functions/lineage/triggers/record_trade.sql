-- Edges from the bodies to the trades that were read from them.
create or replace function lineage.record_trade() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id, 'portfolio.trade', null, made.instrument_id, min(made.traded_at), max(made.traded_at),
    count(*), lower(tg_op), 'portfolio.record_trades', internal.function_version('portfolio.record_trades(bigint, bigint)'::regprocedure)
  from made
  group by made.run_id, made.raw_response_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_trade() is
'Trigger: writes one edge from each body to the trades of each instrument.';

revoke all on function lineage.record_trade() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.trade
  referencing new table as made
  for each statement execute function lineage.record_trade();
