-- What was known of each fact, and from when, once the candidates of a body are added to what is stored.
create or replace function ingest.fact_timeline(p_raw_response_id bigint) returns setof ingest.fact_value
language sql stable strict parallel safe
rows 10000
begin atomic
  with said as (
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, false as is_stored
    from ingest.candidate_fact fact
    join ingest.raw_response response using (raw_response_id)
    join ingest.provider using (provider)
    where fact.raw_response_id = p_raw_response_id
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true
    from market.company_fundamental fact
    join ingest.provider using (provider)
    where fact.instrument_id in (
      select candidate.instrument_id from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id
    )
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true
    from market.company_fundamental_history fact
    join ingest.provider using (provider)
    where fact.known_to > fact.known_from and fact.instrument_id in (
      select candidate.instrument_id from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id
    )
  ),
  -- Of what was filed on one day the last filing counts, from the provider that goes before the others.
  daily as (
    select distinct on (instrument_id, taxonomy, concept, unit, period_start, period_end, filed)
      instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed,
      bool_or(is_stored) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end, filed, value) as is_stored
    from said
    order by instrument_id, taxonomy, concept, unit, period_start, period_end, filed, priority, accession desc, is_stored
  ),
  -- A filing that repeats the value of the one before says nothing new.
  followed as (
    select *, lag(value) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by filed) as previous_value
    from daily
  )
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed,
    (filed + 1)::timestamp at time zone 'America/New_York',
    lead((filed + 1)::timestamp at time zone 'America/New_York')
      over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by filed),
    is_stored
  from followed
  where value is distinct from previous_value;
end;

comment on function ingest.fact_timeline(bigint) is
'For every fact of the instruments of a body: the values that it has had, by filing, from the candidates and from what is stored, whatever the order in which they arrive. known_from is the start of the day after filing,
New York time; next_known_from that of the next value, NULL for the last one; is_stored is true where that value of that day is stored already. No row for NULL.';

revoke all on function ingest.fact_timeline(bigint) from public;
grant execute on function ingest.fact_timeline(bigint) to marketbase_worker;
