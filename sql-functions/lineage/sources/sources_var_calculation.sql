-- A value at risk comes from the positions of its portfolio on that day.
create or replace function lineage.sources_var_calculation(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'portfolio.portfolio_position', position.portfolio_id, position.instrument_id, null::bigint, null::bigint,
    position.session_date::timestamp at time zone 'UTC', position.session_date::timestamp at time zone 'UTC',
    1::bigint, null::text, 'portfolio.compute_positions', position.run_id, position.recorded_at, null::text, null::text
  from risk.var_calculation calculation
  join portfolio.portfolio_position position
    on position.portfolio_id = calculation.portfolio_id and position.session_date = calculation.session_date
  where calculation.var_calculation_id = p_node.id
  order by position.instrument_id;
end;

comment on function lineage.sources_var_calculation(lineage.node) is
'Sources of the value at risk p_node.id: the positions of its portfolio on its day.';

revoke all on function lineage.sources_var_calculation(lineage.node) from public;
grant execute on function lineage.sources_var_calculation(lineage.node) to marketbase_reader;
