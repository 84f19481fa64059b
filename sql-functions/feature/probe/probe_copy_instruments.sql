-- Makes the identities of the copies of probed instruments.
create or replace function feature.probe_copy_instruments(p_worlds feature.probe_world[]) returns feature.probe_world[]
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  prefix constant text := format('=PROBE/%s/', pg_backend_pid());
  there_already constant bigint := (select count(*) from market.instrument as instrument where starts_with(instrument.symbol, prefix));
  copied feature.probe_world[];
begin
  with world as materialized (
    select given.instrument_id, given.ts, given.known_at, prefix || there_already + row_number() over () as symbol
    from unnest(p_worlds) as given
  ),
  copy as (
    insert into market.instrument (symbol, name, asset_class, mic, currency, cik, run_id)
    select world.symbol, original.name, original.asset_class, original.mic, original.currency, original.cik, original.run_id
    from world
    join market.instrument as original on original.instrument_id = world.instrument_id
    -- The copies of a world are in the order of the instruments: sums over a cross-section are to have the same last digit.
    order by world.ts, world.instrument_id
    returning symbol, instrument_id
  )
  select array_agg(row(world.instrument_id, world.ts, world.known_at, copy.instrument_id)::feature.probe_world)
  into copied
  from world
  join copy on copy.symbol = world.symbol;
  return coalesce(copied, '{}');
end
$$;

comment on function feature.probe_copy_instruments(feature.probe_world[]) is
'Inserts a copy of the instrument of each of p_worlds and gives p_worlds with the identities of the copies as copy_id. Within a world the copies are numbered in the order of the instruments.';

revoke all on function feature.probe_copy_instruments(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_instruments(feature.probe_world[]) to marketbase_worker;
