-- Candidates that passed become reported facts, with every value that a filing has restated.
create or replace function ingest.accept_facts(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  response_provider text;
  candidate_count bigint;
  restated_count bigint;
  timeline ingest.fact_value[];
  outcome ingest.acceptance;
begin
  select raw_response.provider into response_provider from ingest.raw_response where raw_response.raw_response_id = p_raw_response_id;
  select count(*) into candidate_count from ingest.candidate_fact where candidate_fact.raw_response_id = p_raw_response_id;

  perform pg_advisory_xact_lock(hashtextextended('market.company_fundamental ' || touched.instrument_id, 0))
  from (
    select distinct candidate.instrument_id
    from ingest.candidate_fact candidate
    where candidate.raw_response_id = p_raw_response_id
    order by candidate.instrument_id
  ) as touched;

  select array_agg(fact) into timeline from ingest.fact_timeline(p_raw_response_id) as fact;

  -- Values that were restated since: straight into the history.
  insert into market.company_fundamental_history (
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  select
    fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end,
    row_number() over (
      partition by fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end order by fact.known_from
    ) + greatest(0, current.version, (
      select max(history.version)
      from market.company_fundamental_history history
      where (history.instrument_id, history.taxonomy, history.concept, history.unit, history.period_start, history.period_end)
        = (fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    )),
    fact.value, fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed,
    fact.known_from, fact.next_known_from, now(), response_provider, p_raw_response_id, p_run_id
  from unnest(timeline) as fact
  left join market.company_fundamental current using (instrument_id, taxonomy, concept, unit, period_start, period_end)
  where not fact.is_stored and fact.next_known_from is not null;
  get diagnostics restated_count = row_count;

  -- A value that a later filing has replaced; the trigger archives it.
  update market.company_fundamental as current
  set
    value = fact.value, fiscal_year = fact.fiscal_year, fiscal_period = fact.fiscal_period, form = fact.form, accession = fact.accession,
    filed = fact.filed, known_from = fact.known_from, provider = response_provider, raw_response_id = p_raw_response_id, run_id = p_run_id
  from unnest(timeline) as fact
  where fact.next_known_from is null
    and (current.instrument_id, current.taxonomy, current.concept, current.unit, current.period_start, current.period_end)
      = (fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    and (current.value, current.filed, current.known_from) is distinct from (fact.value, fact.filed, fact.known_from);
  get diagnostics outcome.changed_count = row_count;

  insert into market.company_fundamental (
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, version,
    known_from, provider, raw_response_id, run_id
  )
  select
    fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
    fact.fiscal_period, fact.form, fact.accession, fact.filed,
    1 + coalesce((
      select max(history.version)
      from market.company_fundamental_history history
      where (history.instrument_id, history.taxonomy, history.concept, history.unit, history.period_start, history.period_end)
        = (fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    ), 0),
    fact.known_from, response_provider, p_raw_response_id, p_run_id
  from unnest(timeline) as fact
  where fact.next_known_from is null
  order by fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end
  on conflict (instrument_id, taxonomy, concept, unit, period_start, period_end) do nothing;
  get diagnostics outcome.new_count = row_count;

  outcome.changed_count := least(outcome.changed_count + restated_count, candidate_count - outcome.new_count);
  outcome.unchanged_count := candidate_count - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.accept_facts(bigint, bigint) is
'Takes the candidates of a body into market.company_fundamental and returns the counts. Each fact keeps the value last filed as current and the restated ones as closed versions, in the order in which they could be known and not of arrival;
a filing that repeats the value makes no version. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_facts(bigint, bigint) from public;
grant execute on function ingest.accept_facts(bigint, bigint) to marketbase_worker;
