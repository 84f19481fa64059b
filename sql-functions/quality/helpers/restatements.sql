-- What filings said later of a period that had been reported before.
create or replace function quality.restatements(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns table (
  instrument_id bigint,
  ts timestamptz,
  concept text,
  period_start date,
  period_end date,
  unit text,
  value numeric,
  previous_value numeric,
  accession text
)
language sql
stable
parallel safe
begin atomic
  select
    fact.instrument_id, fact.period_end::timestamp at time zone 'UTC', fact.concept, fact.period_start, fact.period_end, fact.unit,
    fact.value, previous.value, fact.accession
  from market.company_fundamental as fact
  cross join lateral (
    select history.value
    from market.company_fundamental_history as history
    where history.instrument_id = fact.instrument_id
      and history.taxonomy = fact.taxonomy
      and history.concept = fact.concept
      and history.unit = fact.unit
      and history.period_start = fact.period_start
      and history.period_end = fact.period_end
    order by history.version desc
    limit 1
  ) as previous
  where fact.instrument_id = any (p_instrument_ids)
    and fact.version > 1
    -- Numbers of shares, and figures for each, are restated by every split.
    and fact.unit ~ '^[A-Z]{3}$'
    and fact.period_end::timestamp at time zone 'UTC' between p_from and p_to;
end;

comment on function quality.restatements(bigint[], timestamptz, timestamptz) is
'Current facts in a currency, for periods that end from p_from to p_to, that replaced an earlier value, with that value and the filing that did it.';

revoke all on function quality.restatements(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.restatements(bigint[], timestamptz, timestamptz) to marketbase_worker;
