-- What was known of each fact, and from when, once the candidates of a body are added to what is stored.
create or replace function ingest.fact_timeline(p_raw_response_id bigint) returns setof ingest.fact_value
language sql stable strict parallel safe
rows 10000
begin atomic
  with subject as (
    select distinct candidate.instrument_id from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id
  ),
  -- From when the SEC showed each filing, where its list of filings is known.
  shown as (
    select filing.accession, min(filing.known_from) as known_from
    from subject
    join market.instrument using (instrument_id)
    join market.filing using (cik)
    group by filing.accession
  ), said as (
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, false as is_stored,
      coalesce(corrected.known_from, fact.known_from, shown.known_from, market.filing_known_from(fact.filed)) as known_from
    from ingest.candidate_fact fact
    join ingest.raw_response response using (raw_response_id)
    join ingest.provider using (provider)
    left join shown using (accession)
    -- A provider that now says something else of the same report has corrected it: known from when it came.
    left join lateral (
      select response.fetched_at as known_from
      from market.company_fundamental_version stored
      where fact.known_from is not null and fact.known_from < response.fetched_at and stored.known_from = fact.known_from and stored.value <> fact.value
        and stored.instrument_id = fact.instrument_id and stored.taxonomy = fact.taxonomy and stored.concept = fact.concept and stored.unit = fact.unit
        and stored.period_start = fact.period_start and stored.period_end = fact.period_end
      limit 1
    ) as corrected on true
    where fact.raw_response_id = p_raw_response_id
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true, fact.known_from
    from market.company_fundamental fact
    join ingest.provider using (provider)
    where fact.instrument_id in (select instrument_id from subject)
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true, fact.known_from
    from market.company_fundamental_history fact
    join ingest.provider using (provider)
    where fact.known_to > fact.known_from and fact.instrument_id in (select instrument_id from subject)
  ),
  -- Of what became known at one moment the last filing counts, from the provider that goes before the others.
  moment as (
    select distinct on (instrument_id, taxonomy, concept, unit, period_start, period_end, known_from)
      instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, known_from,
      bool_or(is_stored) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end, known_from, value) as is_stored
    from said
    order by instrument_id, taxonomy, concept, unit, period_start, period_end, known_from, priority, accession desc, is_stored
  ),
  -- A filing that repeats the value of the one before says nothing new.
  followed as (
    select *, lag(value) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by known_from) as previous_value
    from moment
  )
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, known_from,
    lead(known_from) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by known_from),
    is_stored
  from followed
  where value is distinct from previous_value;
end;

comment on function ingest.fact_timeline(bigint) is
'For every fact of the instruments of a body: the values that it has had, by the moment from which they could be known, from the candidates and from what is stored, whatever the order in which they arrive. known_from is what the body says,
else from when market.filing says that the filing was public, else the start of the day after filing, New York time; next_known_from that of the next value, NULL for the last one; is_stored is true where that value of that moment is stored already. No row for NULL.';

revoke all on function ingest.fact_timeline(bigint) from public;
grant execute on function ingest.fact_timeline(bigint) to marketbase_worker;
