-- One report of a provider, an object of fields, as candidate facts.
create or replace function ingest.add_report(
  p_raw_response_id bigint,
  p_instrument_id bigint,
  p_report text,
  p_fields jsonb,
  p_period_start date,
  p_period_end date,
  p_currency text,
  p_form text,
  p_filed date default null,
  p_known_from timestamptz default null,
  p_accession text default null,
  p_zero_is_absent boolean default false
) returns void
language sql volatile parallel unsafe
begin atomic
  with response as (
    select raw_response.provider, raw_response.fetched_at, (raw_response.fetched_at at time zone 'America/New_York')::date as arrived_on
    from ingest.raw_response
    where raw_response.raw_response_id = p_raw_response_id
  )
  insert into ingest.candidate_fact (
    raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, form, accession, filed, known_from, payload
  )
  select
    p_raw_response_id,
    row_number() over (order by field.key) + coalesce((
      select max(earlier.row_no) from ingest.candidate_fact earlier where earlier.raw_response_id = p_raw_response_id
    ), 0),
    p_instrument_id, response.provider, field.key,
    case measured.measure when 'money' then p_currency when 'money per share' then p_currency || '/shares' when 'shares' then 'shares' else 'pure' end,
    coalesce(p_period_start, p_period_end), p_period_end,
    case when readable.is_number then readable.text::numeric end,
    p_form, coalesce(p_accession, concat_ws(' ', response.provider, p_report, p_form, p_period_end)),
    -- Of a provider that names no filing it is known that its figures were public when they came.
    case when p_filed > p_period_end then p_filed else greatest(response.arrived_on, p_period_end) end,
    case when p_filed > p_period_end then least(p_known_from, response.fetched_at) else response.fetched_at end,
    case
      when p_period_end is null then jsonb_build_object(field.key, field.value, 'problem', 'the period of the report has no end')
      when not readable.is_number
        then jsonb_build_object(field.key, field.value, 'problem', format('%s "%s" is not a number', field.key, left(readable.text, 40)))
    end
  from response
  cross join jsonb_each(p_fields) as field
  cross join lateral (select btrim(field.value #>> '{}') as text) as said
  cross join lateral (select said.text, coalesce(ingest.is_finite_number(nullif(said.text, '')), false) as is_number) as readable
  cross join lateral (
    select known.measure
    from ingest.provider_field known
    where known.provider = response.provider and known.report = p_report and field.key like known.field
    order by length(known.field) desc
    limit 1
  ) as measured
  where measured.measure <> 'none' and jsonb_typeof(field.value) in ('number', 'string') and readable.text not in ('', 'None', 'null', '-')
    and not (p_zero_is_absent and readable.is_number and readable.text::numeric = 0);
end;

comment on function ingest.add_report(bigint, bigint, text, jsonb, date, date, text, text, date, timestamptz, text, boolean) is
'Adds to ingest.candidate_fact the fields of one report of the provider of the body: numbers or texts that hold one, under the name of the field in the taxonomy named after the provider, measured as ingest.provider_field says for p_report.
p_period_start NULL: a report at a moment, p_period_end. p_currency: ISO 4217. p_form says what it is, such as annual report. p_filed and p_known_from: when it was filed and from when it could be known; NULL or not after the period means
that the provider does not say, and the arrival of the body counts. p_zero_is_absent leaves out zeros, which some providers write for what they do not have. Empty texts, None and null are left out; another text is a problem for the quarantine.';

revoke all on function ingest.add_report(bigint, bigint, text, jsonb, date, date, text, text, date, timestamptz, text, boolean) from public;
grant execute on function ingest.add_report(bigint, bigint, text, jsonb, date, date, text, text, date, timestamptz, text, boolean) to marketbase_worker;
