-- Records a span of data that is known to be bad.
create or replace function quality.record_incident(
  p_dataset text,
  p_from timestamptz,
  p_to timestamptz,
  p_reason text,
  p_instrument_id bigint default null,
  p_provider text default null
)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_relation constant regclass := quality.dataset_relation(p_dataset);
  v_incident quality.known_incident;
begin
  if coalesce(trim(p_reason), '') = '' or p_from is null or p_to is null or p_to < p_from then
    raise exception using errcode = 'MB001',
      message = 'An incident has a first and a last time, in this order, and a reason.', hint = 'Say from when to when, and what happened.';
  elsif p_instrument_id is not null and quality.dataset_type(v_relation, 'instrument_id') is null
    or p_provider is not null and quality.dataset_type(v_relation, 'provider') is null
  then
    raise exception using errcode = 'MB001',
      message = format('%s does not say of which %s a row is.', v_relation, case when p_instrument_id is not null then 'instrument' else 'provider' end),
      hint = 'Leave it out: the incident then masks all rows of its time.';
  elsif p_instrument_id is not null and not exists (select from market.instrument as instrument where instrument.instrument_id = p_instrument_id) then
    raise exception using errcode = 'MB002', message = format('There is no instrument %s.', p_instrument_id), hint = 'select instrument_id, symbol from market.instrument lists them.';
  elsif p_provider is not null and not exists (select from ingest.provider as provider where provider.provider = p_provider) then
    raise exception using errcode = 'MB002', message = format('There is no provider %s.', quote_literal(left(p_provider, 80))), hint = 'select provider from ingest.provider lists them.';
  end if;
  insert into quality.known_incident (dataset, instrument_id, provider, from_ts, to_ts, reason)
  select relation.relname, p_instrument_id, p_provider, p_from, p_to, p_reason
  from pg_class as relation
  where relation.oid = v_relation
  returning * into v_incident;
  return v_incident;
end;
$$;

comment on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) is
'Records that the rows of p_dataset from p_from to p_to, both included, of the instrument p_instrument_id and the provider p_provider (NULL: all) are known to be bad, and why. From then on no rule keeps a finding about them (quality.incident_of) and expectations do not judge them; rules on metrics leave them out of what is usual; what is open about them is masked by the next look. An incident that goes on has p_to infinity, until quality.end_incident ends it. Errors: MB001 for a span or reason that is none or a dataset without the column, MB002 for an unknown instrument or provider, MB003 for an unknown dataset.';

revoke all on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) from public;
grant execute on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) to marketbase_worker, marketbase_author;
