-- Copies the memberships of probed instruments as they were known at a moment, under the identities of the copies.
create or replace function feature.probe_copy_groups(p_worlds feature.probe_world[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into market.instrument_group (instrument_id, kind, from_date, name, version, known_from, run_id)
  select distinct on (world.copy_id, membership.kind, membership.from_date)
    world.copy_id, membership.kind, membership.from_date, membership.name, membership.version, membership.known_from, membership.run_id
  from unnest(p_worlds) as world
  join (
    select instrument_id, kind, from_date, name, version, known_from, 'infinity'::timestamptz as known_to, run_id
    from market.instrument_group
    union all
    select instrument_id, kind, from_date, name, version, known_from, known_to, run_id
    from market.instrument_group_history
  ) as membership
    on membership.instrument_id = world.instrument_id and membership.known_from <= world.known_at and membership.known_to > world.known_at
  -- Where two count at once, the first one had not been given up yet.
  order by world.copy_id, membership.kind, membership.from_date, membership.version;

  insert into market.instrument_group_history (instrument_id, kind, from_date, version, name, known_from, known_to, recorded_at, run_id)
  select
    world.copy_id, membership.kind, membership.from_date, membership.version, membership.name, membership.known_from, membership.known_to,
    membership.recorded_at, membership.run_id
  from unnest(p_worlds) as world
  join market.instrument_group_history as membership on membership.instrument_id = world.instrument_id and membership.known_to <= world.known_at;
end
$$;

comment on function feature.probe_copy_groups(feature.probe_world[]) is
'For each of p_worlds: the changes of membership in the version that was known at known_at and the versions that were closed by then; stored under copy_id. What became known later is left out.';

revoke all on function feature.probe_copy_groups(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_groups(feature.probe_world[]) to marketbase_worker;
