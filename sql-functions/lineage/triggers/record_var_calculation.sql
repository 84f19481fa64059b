-- Edges from the performance of a portfolio to its value at risk.
create or replace function lineage.record_var_calculation() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_to, target_relation, target_id, row_count, operation, transformation
  )
  select
    made.run_id, 'portfolio.performance_metric', made.portfolio_id, made.session_date::timestamp at time zone 'UTC',
    'risk.var_calculation', made.var_calculation_id, 1, lower(tg_op), 'risk.compute_var'
  from made;
  return null;
end
$$;

comment on function lineage.record_var_calculation() is
'Trigger: writes the edge from the returns of the portfolio, named by its identity, to the calculation.';

revoke all on function lineage.record_var_calculation() from public;

create or replace trigger _500_lineage_insert after insert on risk.var_calculation
  referencing new table as made
  for each statement execute function lineage.record_var_calculation();
create or replace trigger _500_lineage_update after update on risk.var_calculation
  referencing new table as made
  for each statement execute function lineage.record_var_calculation();
