-- Edges from the positions to the performance computed from them.
create or replace function lineage.record_performance_metric() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_from, source_to,
    target_relation, target_id, target_from, target_to, row_count, operation, transformation
  )
  select
    made.run_id, 'portfolio.portfolio_position', made.portfolio_id, null, max(made.session_date)::timestamp at time zone 'UTC',
    'portfolio.performance_metric', made.portfolio_id,
    min(made.session_date)::timestamp at time zone 'UTC', max(made.session_date)::timestamp at time zone 'UTC',
    count(*), lower(tg_op), 'portfolio.compute_metrics'
  from made
  group by made.run_id, made.portfolio_id;
  return null;
end
$$;

comment on function lineage.record_performance_metric() is
'Trigger: writes the edge from the positions of a portfolio, named by its identity, to its metrics.';

revoke all on function lineage.record_performance_metric() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.performance_metric
  referencing new table as made
  for each statement execute function lineage.record_performance_metric();
create or replace trigger _500_lineage_update after update on portfolio.performance_metric
  referencing new table as made
  for each statement execute function lineage.record_performance_metric();
