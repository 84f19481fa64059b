-- Copies the corporate actions of probed instruments as they were known at a moment, under the identities of the copies.
create or replace function feature.probe_copy_actions(p_worlds feature.probe_world[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into market.corporate_action (
    instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id
  )
  select distinct on (world.copy_id, action.action_type, action.ex_date)
    world.copy_id, action.action_type, action.ex_date, action.amount, action.currency, action.version, action.known_from, action.provider,
    action.raw_response_id, action.run_id
  from unnest(p_worlds) as world
  join (
    select
      instrument_id, action_type, ex_date, amount, currency, version, known_from, 'infinity'::timestamptz as known_to, provider, raw_response_id, run_id
    from market.corporate_action
    union all
    select instrument_id, action_type, ex_date, amount, currency, version, known_from, known_to, provider, raw_response_id, run_id
    from market.corporate_action_history
  ) as action
    on action.instrument_id = world.instrument_id and action.known_from <= world.known_at and action.known_to > world.known_at
  -- Where two count at once, the first one had not been given up yet.
  order by world.copy_id, action.action_type, action.ex_date, action.version;

  insert into market.corporate_action_history (
    instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  select
    world.copy_id, action.action_type, action.ex_date, action.version, action.amount, action.currency, action.known_from, action.known_to,
    action.recorded_at, action.provider, action.raw_response_id, action.run_id
  from unnest(p_worlds) as world
  join market.corporate_action_history as action on action.instrument_id = world.instrument_id and action.known_to <= world.known_at;
end
$$;

comment on function feature.probe_copy_actions(feature.probe_world[]) is
'For each of p_worlds: the splits and dividends in the version that was known at known_at and the versions that were closed by then; stored under copy_id. What became known later is left out.';

revoke all on function feature.probe_copy_actions(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_actions(feature.probe_world[]) to marketbase_worker;
