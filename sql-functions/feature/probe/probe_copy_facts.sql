-- Copies the reported facts of probed instruments as they were known at a moment, under the identities of the copies.
create or replace function feature.probe_copy_facts(p_worlds feature.probe_world[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Figures look back two years from the latest period of a concept; so many days are enough for any that does.
  reach constant integer := 1500;
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

  with version as materialized (
    select fact.*
    from market.company_fundamental_version as fact
    where fact.instrument_id = any (array(select distinct world.instrument_id from unnest(p_worlds) as world))
      and exists (select from market.concept_tag as used where used.taxonomy = fact.taxonomy and used.tag = fact.concept)
  ),
  known as materialized (
    select
      world.copy_id, version.*, version.known_to <= world.known_at as is_closed,
      max(version.period_end) over (partition by world.copy_id, version.taxonomy, version.concept) as latest_end
    from unnest(p_worlds) as world
    join version on version.instrument_id = world.instrument_id and version.known_from <= world.known_at
  ),
  opened as (
    insert into market.company_fundamental (
      instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, version, known_from,
      provider, raw_response_id, run_id
    )
    -- Where two count at once, the first one had not been given up yet.
    select distinct on (known.copy_id, known.taxonomy, known.concept, known.unit, known.period_start, known.period_end)
      known.copy_id, known.taxonomy, known.concept, known.unit, known.period_start, known.period_end, known.value, known.fiscal_year,
      known.fiscal_period, known.form, known.accession, known.filed, known.version, known.known_from, known.provider, origin.raw_response_id,
      origin.run_id
    from known
    where known.is_closed is not true and known.period_end > known.latest_end - reach
    order by known.copy_id, known.taxonomy, known.concept, known.unit, known.period_start, known.period_end, known.version
  )
  insert into market.company_fundamental_history (
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed, known_from,
    known_to, recorded_at, provider, raw_response_id, run_id
  )
  select
    known.copy_id, known.taxonomy, known.concept, known.unit, known.period_start, known.period_end, known.version, known.value, known.fiscal_year,
    known.fiscal_period, known.form, known.accession, known.filed, known.known_from, known.known_to, known.recorded_at, known.provider,
    origin.raw_response_id, origin.run_id
  from known
  where known.is_closed and known.period_end > known.latest_end - reach;
end
$$;

comment on function feature.probe_copy_facts(feature.probe_world[]) is
'For each of p_worlds: the facts in the version that was known at known_at and the versions that were closed by then; stored under copy_id. Facts and restatements that became known later are left out, and so are tags that no concept of market.concept_tag uses and periods that end 1,500 days or more before the latest of their tag.';

revoke all on function feature.probe_copy_facts(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_facts(feature.probe_world[]) to marketbase_worker;
