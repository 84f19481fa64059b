-- Edges from trades and bars to the positions folded from them.
create or replace function lineage.record_portfolio_position() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to, row_count, operation, transformation, transformation_version
  )
  select
    grouped.run_id, source.relation, grouped.instrument_id, grouped.from_ts, grouped.to_ts,
    'portfolio.portfolio_position', grouped.instrument_id, grouped.from_ts, grouped.to_ts,
    grouped.row_count, lower(tg_op), 'portfolio.compute_positions', null
  from (
    select
      run_id, instrument_id, min(session_date)::timestamp at time zone 'UTC' as from_ts,
      max(session_date)::timestamp at time zone 'UTC' as to_ts, count(*) as row_count
    from made
    group by run_id, instrument_id
  ) grouped
  cross join (values ('portfolio.trade'), ('market.price_data')) as source (relation);
  return null;
end
$$;

comment on function lineage.record_portfolio_position() is
'Trigger: writes an edge from the trades and one from the bars of each instrument to its positions.';

revoke all on function lineage.record_portfolio_position() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.portfolio_position
  referencing new table as made
  for each statement execute function lineage.record_portfolio_position();
create or replace trigger _500_lineage_update after update on portfolio.portfolio_position
  referencing new table as made
  for each statement execute function lineage.record_portfolio_position();
