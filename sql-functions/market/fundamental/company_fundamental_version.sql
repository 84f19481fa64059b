-- Every version of every reported fact, with the time during which it was the one to know.
create or replace view market.company_fundamental_version with (security_invoker = true) as
select
  version.instrument_id, instrument.symbol, version.taxonomy, version.concept, version.unit, version.period_start, version.period_end,
  version.version, version.value, version.fiscal_year, version.fiscal_period, version.form, version.accession, version.filed,
  version.known_from,
  -- Filings may arrive out of order, and the history is append-only: the next version known ends one even where it was stored later.
  least(version.known_to, case when not version.never_known then lead(version.known_from) over timeline end) as known_to,
  version.recorded_at, version.provider, version.raw_response_id, version.run_id
from (
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, null::timestamptz as known_to, false as never_known, recorded_at, provider, raw_response_id, run_id
  from market.company_fundamental
  union all
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, known_to, known_to = known_from, recorded_at, provider, raw_response_id, run_id
  from market.company_fundamental_history
) as version
join market.instrument using (instrument_id)
window timeline as (
  partition by version.instrument_id, version.taxonomy, version.concept, version.unit, version.period_start, version.period_end, version.never_known
  order by version.known_from, version.version
);

comment on view market.company_fundamental_version is
'Every version of every reported fact: the current ones of market.company_fundamental and the closed ones of market.company_fundamental_history. The version to know at a moment t is the one with
known_from <= t and (known_to is null or t < known_to). Where known_to equals known_from, a filing that arrived later showed that the version never was the one to know.';
comment on column market.company_fundamental_version.instrument_id is 'Instrument of the company.';
comment on column market.company_fundamental_version.symbol is 'Symbol of the instrument.';
comment on column market.company_fundamental_version.taxonomy is 'Taxonomy of the concept, such as us-gaap or dei.';
comment on column market.company_fundamental_version.concept is 'Name of the concept, such as NetIncomeLoss.';
comment on column market.company_fundamental_version.unit is 'Unit of the value, such as USD, shares or USD/shares.';
comment on column market.company_fundamental_version.period_start is 'First day of the period; equal to period_end for a value at a moment.';
comment on column market.company_fundamental_version.period_end is 'Last day of the period.';
comment on column market.company_fundamental_version.version is 'Number of the version, in the order in which marketbase heard of them.';
comment on column market.company_fundamental_version.value is 'The value, in its unit, not scaled.';
comment on column market.company_fundamental_version.fiscal_year is 'Fiscal year of the filing.';
comment on column market.company_fundamental_version.fiscal_period is 'Fiscal period of the filing: FY, Q1, Q2, Q3 or Q4.';
comment on column market.company_fundamental_version.form is 'Form, such as 10-K.';
comment on column market.company_fundamental_version.accession is 'Accession number of the filing that said this value.';
comment on column market.company_fundamental_version.filed is 'Date of that filing.';
comment on column market.company_fundamental_version.known_from is 'From when this version could be known.';
comment on column market.company_fundamental_version.known_to is 'Until when it was the one to know (excluded); null for the last one.';
comment on column market.company_fundamental_version.recorded_at is 'When marketbase stored this version.';
comment on column market.company_fundamental_version.provider is 'Provider.';
comment on column market.company_fundamental_version.raw_response_id is 'The body from which it was read.';
comment on column market.company_fundamental_version.run_id is 'Run that made it.';

grant select on market.company_fundamental_version to marketbase_reader;
