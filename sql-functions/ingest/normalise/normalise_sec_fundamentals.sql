-- The facts of a company as the SEC's companyfacts give them.
create or replace function ingest.normalise_sec_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  company_id bigint;
begin
  perform ingest.require_success(p_raw_response_id);
  if jsonb_typeof(document -> 'facts') is distinct from 'object' or (document ->> 'cik') is null or (document ->> 'cik') !~ '^\d{1,10}$' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no facts of a company: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"cik": …, "entityName": …, "facts": {taxonomy: {concept: {"units": {unit: [fact, …]}}}}}.';
  end if;
  if exists (
    select
    from jsonb_each(document -> 'facts') as taxonomy
    cross join lateral jsonb_each(case when jsonb_typeof(taxonomy.value) = 'object' then taxonomy.value else '{"": null}' end) as concept
    cross join lateral jsonb_each(case when jsonb_typeof(concept.value -> 'units') = 'object' then concept.value -> 'units' else '{"": null}' end) as unit
    where jsonb_typeof(unit.value) <> 'array'
  ) then
    raise exception using
      errcode = 'MB004',
      message = 'the facts of the body are not lists by taxonomy, concept and unit',
      hint = 'Expected {"facts": {taxonomy: {concept: {"units": {unit: [fact, …]}}}}}.';
  end if;

  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  company_id := ingest.ensure_instrument(response.run_id, response.subject);
  perform ingest.learn_identifiers(response.run_id, p_raw_response_id, company_id, jsonb_build_object('cik', document -> 'cik'));
  update market.instrument
  set name = document ->> 'entityName'
  where instrument.instrument_id = company_id and instrument.name is null and jsonb_typeof(document -> 'entityName') = 'string';

  insert into ingest.candidate_fact (
    raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form,
    accession, filed, payload
  )
  select
    p_raw_response_id, row_number() over (), company_id, fact.taxonomy, fact.concept, fact.unit,
    coalesce(fact.period_start, case when fact.start_text is null then fact.period_end end), fact.period_end, fact.value,
    fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed,
    case when problem.text is not null then jsonb_build_object('fact', fact.body, 'problem', problem.text) end
  from (
    select
      taxonomy.key as taxonomy, concept.key as concept, unit.key as unit, item.body, item.body ->> 'start' as start_text,
      case when ingest.is_iso_date(item.body ->> 'start') then (item.body ->> 'start')::date end as period_start,
      case when ingest.is_iso_date(item.body ->> 'end') then (item.body ->> 'end')::date end as period_end,
      case when jsonb_typeof(item.body -> 'val') = 'number' then (item.body ->> 'val')::numeric end as value,
      case when item.body ->> 'fy' ~ '^\d{4}$' then (item.body ->> 'fy')::integer end as fiscal_year,
      item.body ->> 'fp' as fiscal_period, item.body ->> 'form' as form, item.body ->> 'accn' as accession,
      case when ingest.is_iso_date(item.body ->> 'filed') then (item.body ->> 'filed')::date end as filed
    from jsonb_each(document -> 'facts') as taxonomy
    cross join lateral jsonb_each(taxonomy.value) as concept
    cross join lateral jsonb_each(concept.value -> 'units') as unit
    cross join lateral jsonb_array_elements(unit.value) as item (body)
    offset 0
  ) as fact
  cross join lateral (
    select case
      when jsonb_typeof(fact.body) <> 'object' then 'the fact is not an object'
      when fact.period_end is null then format('end "%s" is not a date', fact.body ->> 'end')
      when fact.start_text is not null and fact.period_start is null then format('start "%s" is not a date', fact.start_text)
      when fact.value is null then format('val "%s" is not a number', fact.body ->> 'val')
      when fact.filed is null then format('filed "%s" is not a date', fact.body ->> 'filed')
      when fact.form is null then 'form is missing'
      when fact.accession is null then 'accn is missing'
    end as text
  ) as problem;
end
$$;

comment on function ingest.normalise_sec_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of the SEC''s companyfacts: one row per fact and filing; a value at a moment gets period_start = period_end. The subject is the symbol; its instrument is added when it is new and gets the CIK.
fy and fp are those of the filing, not of the period. A fact that cannot be read has NULL there and its problem in payload. MB004 when the body has another shape or came with a failing status.';

revoke all on function ingest.normalise_sec_fundamentals(bigint) from public;
grant execute on function ingest.normalise_sec_fundamentals(bigint) to marketbase_worker;
