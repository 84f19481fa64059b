-- Copies the reported facts of probed instruments as they were known at a moment, under the identities of the copies.
create or replace function feature.probe_copy_facts(p_worlds feature.probe_world[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- All copies name one body and one run, so that the trigger of lineage has few edges to write.
  origin record;
begin
  select fact.raw_response_id, fact.run_id
  into origin
  from market.company_fundamental_version as fact
  where fact.instrument_id in (select world.instrument_id from unnest(p_worlds) as world)
  limit 1;
  if not found then
    return;
  end if;

  insert into market.company_fundamental (
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, version, known_from,
    provider, raw_response_id, run_id
  )
  select distinct on (world.copy_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    world.copy_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year, fact.fiscal_period,
    fact.form, fact.accession, fact.filed, fact.version, fact.known_from, fact.provider, origin.raw_response_id, origin.run_id
  from unnest(p_worlds) as world
  join market.company_fundamental_version as fact
    on fact.instrument_id = world.instrument_id
    and fact.known_from <= world.known_at
    and (fact.known_to is null or fact.known_to > world.known_at)
  -- Where two count at once, the first one had not been given up yet.
  order by world.copy_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.version;

  insert into market.company_fundamental_history (
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed, known_from,
    known_to, recorded_at, provider, raw_response_id, run_id
  )
  select
    world.copy_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.version, fact.value, fact.fiscal_year,
    fact.fiscal_period, fact.form, fact.accession, fact.filed, fact.known_from, fact.known_to, fact.recorded_at, fact.provider, origin.raw_response_id,
    origin.run_id
  from unnest(p_worlds) as world
  join market.company_fundamental_history as fact on fact.instrument_id = world.instrument_id and fact.known_to <= world.known_at;
end
$$;

comment on function feature.probe_copy_facts(feature.probe_world[]) is
'For each of p_worlds: the facts in the version that was known at known_at and the versions that were closed by then; stored under copy_id. Facts and restatements that became known later are left out.';

revoke all on function feature.probe_copy_facts(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_facts(feature.probe_world[]) to marketbase_worker;
