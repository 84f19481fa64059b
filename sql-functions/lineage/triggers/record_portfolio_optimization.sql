-- Edges from the bars to the weights optimised on them.
create or replace function lineage.record_portfolio_optimization() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to, target_relation, target_id, row_count, operation, transformation
  )
  select
    made.run_id, 'market.price_data', instrument_id, made.from_date::timestamp at time zone 'UTC', made.to_date::timestamp at time zone 'UTC',
    'portfolio.portfolio_optimization', made.portfolio_optimization_id, 1, 'insert', 'portfolio.optimize'
  from made
  cross join unnest(made.instrument_ids) as instrument_id;
  return null;
end
$$;

comment on function lineage.record_portfolio_optimization() is
'Trigger: writes an edge from the bars of each instrument to the optimisation.';

revoke all on function lineage.record_portfolio_optimization() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.portfolio_optimization
  referencing new table as made
  for each statement execute function lineage.record_portfolio_optimization();
