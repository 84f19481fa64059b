-- The filings of a company as the SEC's submissions give them.
create or replace function ingest.normalise_sec_filings(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  listed jsonb;
  filer_cik text;
  filing_count bigint;
  zone text;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document - 'message');
  select raw_response.subject, raw_response.url, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  -- The latest filings come with the filer; older ones in files of their own that hold the lists alone.
  listed := case when jsonb_typeof(document -> 'filings') = 'object' then document -> 'filings' -> 'recent' else document end;
  filer_cik := lpad(coalesce(
    case when document ->> 'cik' ~ '^\d{1,10}$' then document ->> 'cik' end,
    substring(response.url from 'CIK(\d{10})-submissions-\d+\.json'),
    case when response.subject ~ '^\d{10}$' then response.subject end,
    (select instrument.cik from market.instrument where instrument.symbol = upper(btrim(response.subject)))
  ), 10, '0');
  if jsonb_typeof(listed -> 'accessionNumber') is distinct from 'array' or jsonb_typeof(listed -> 'filingDate') is distinct from 'array'
    or jsonb_typeof(listed -> 'form') is distinct from 'array' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no list of filings: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"cik": …, "name": …, "filings": {"recent": {"accessionNumber": […], "filingDate": […], "form": […], …}}} or the lists alone.';
  end if;
  filing_count := jsonb_array_length(listed -> 'accessionNumber');
  if exists (select from jsonb_each(listed) as list where jsonb_typeof(list.value) = 'array' and jsonb_array_length(list.value) <> filing_count) then
    raise exception using
      errcode = 'MB004',
      message = 'the lists of filings differ in length, so they do not go together',
      hint = 'Ask again; the bytes are kept in ingest.raw_response.';
  end if;
  if filer_cik is null then
    raise exception using
      errcode = 'MB004',
      message = 'neither the body nor its address says whose filings these are',
      hint = 'Bring in the newest filings of the company first, or its fundamentals.';
  end if;

  if jsonb_typeof(document -> 'name') = 'string' then
    insert into market.filer (cik, name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id)
    values (
      filer_cik, document ->> 'name', nullif(document ->> 'entityType', ''), nullif(document ->> 'sic', ''), nullif(document ->> 'fiscalYearEnd', ''),
      case when jsonb_typeof(document -> 'formerNames') = 'array' then document -> 'formerNames' else '[]' end, p_raw_response_id, p_run_id
    )
    on conflict (cik) do update
    set
      name = excluded.name, entity_type = excluded.entity_type, sic = excluded.sic, fiscal_year_end = excluded.fiscal_year_end,
      former_names = excluded.former_names, raw_response_id = excluded.raw_response_id, run_id = excluded.run_id
    where (filer.name, filer.entity_type, filer.sic, filer.fiscal_year_end, filer.former_names)
        is distinct from (excluded.name, excluded.entity_type, excluded.sic, excluded.fiscal_year_end, excluded.former_names)
      and response.fetched_at >= (select known.fetched_at from ingest.raw_response known where known.raw_response_id = filer.raw_response_id);
  end if;
  if response.subject !~ '^\d{10}$' then
    perform ingest.learn_identifiers(
      p_run_id, p_raw_response_id, ingest.ensure_instrument(p_run_id, response.subject), jsonb_build_object('cik', filer_cik, 'lei', document -> 'lei'));
    update market.instrument
    set name = document ->> 'name'
    where instrument.symbol = upper(btrim(response.subject)) and instrument.name is null and jsonb_typeof(document -> 'name') = 'string';
  end if;

  select ingest.edgar_zone(
    array_agg(listed -> 'form' ->> n), array_agg((listed -> 'filingDate' ->> n)::date), array_agg(left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp)
  ) into zone
  from generate_series(0, filing_count::integer - 1) as n
  where ingest.is_iso_date(listed -> 'filingDate' ->> n) and pg_input_is_valid(left(listed -> 'acceptanceDateTime' ->> n, 19), 'timestamp')
    and listed -> 'acceptanceDateTime' ->> n like '____-__-__T%';

  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select p_raw_response_id, 'filings', n + 1, response.subject, array['filing_readable'], problem.reason,
    (select jsonb_object_agg(list.key, list.value -> n) from jsonb_each(listed) as list where jsonb_typeof(list.value) = 'array'), p_run_id
  from generate_series(0, filing_count::integer - 1) as n
  cross join lateral (
    select case
      when listed -> 'accessionNumber' ->> n ~ '^\d{10}-\d{2}-\d{6}$' is not true then format('accessionNumber "%s" is none', listed -> 'accessionNumber' ->> n)
      when ingest.is_iso_date(listed -> 'filingDate' ->> n) is not true then format('filingDate "%s" is not a date', listed -> 'filingDate' ->> n)
      when coalesce(listed -> 'form' ->> n, '') = '' then 'form is missing'
    end as reason
  ) as problem
  where problem.reason is not null
  on conflict (raw_response_id, dataset, row_no) do nothing;
  get diagnostics outcome.unchanged_count = row_count;
  filing_count := filing_count - outcome.unchanged_count;

  with filing as materialized (
    select
      listed -> 'accessionNumber' ->> n as accession, listed -> 'form' ->> n as form, (listed -> 'filingDate' ->> n)::date as filed,
      case when ingest.is_iso_date(listed -> 'reportDate' ->> n) then (listed -> 'reportDate' ->> n)::date end as report_date,
      -- Midnight stands for a time that nobody kept.
      case
        when listed -> 'acceptanceDateTime' ->> n like '____-__-__T%' and pg_input_is_valid(left(listed -> 'acceptanceDateTime' ->> n, 19), 'timestamp')
          and (left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp at time zone zone at time zone 'America/New_York')::time <> time '00:00'
          then left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp at time zone zone
      end as accepted,
      nullif(listed -> 'items' ->> n, '') as items, nullif(listed -> 'primaryDocument' ->> n, '') as primary_document
    from generate_series(0, jsonb_array_length(listed -> 'accessionNumber') - 1) as n
    where listed -> 'accessionNumber' ->> n ~ '^\d{10}-\d{2}-\d{6}$' and ingest.is_iso_date(listed -> 'filingDate' ->> n)
      and coalesce(listed -> 'form' ->> n, '') <> ''
  ), stored as (
    insert into market.filing (
      accession, cik, form, filed, report_date, accepted, known_from, items, primary_document, provider, raw_response_id, run_id
    )
    select
      filing.accession, filer_cik, filing.form, filing.filed, filing.report_date, filing.accepted, market.filing_known_from(filing.filed, filing.accepted),
      filing.items, filing.primary_document, 'sec', p_raw_response_id, p_run_id
    from filing
    order by filing.filed, filing.accession
    on conflict (accession, cik) do update
    set accepted = excluded.accepted, known_from = excluded.known_from, raw_response_id = excluded.raw_response_id, run_id = excluded.run_id
    where filing.accepted is null and excluded.accepted is not null
    returning filing.accession, (xmax = 0) as is_new
  )
  select count(*) filter (where stored.is_new), count(*) filter (where not stored.is_new) into outcome.new_count, outcome.changed_count from stored;
  outcome.unchanged_count := filing_count - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.normalise_sec_filings(bigint, bigint) is
'Takes a body of the SEC''s submissions, with the filer or one of its files of older filings, into market.filing and market.filer, in the run p_run_id, and returns the counts. The subject is the symbol, or the CIK (ten digits) of a filer
without one. The time of acceptance is read in the zone that ingest.edgar_zone finds, and decides from when facts of the filing could be known. What cannot be read goes to ingest.quarantine. MB004 when the body has another shape.';

revoke all on function ingest.normalise_sec_filings(bigint, bigint) from public;
grant execute on function ingest.normalise_sec_filings(bigint, bigint) to marketbase_worker;
