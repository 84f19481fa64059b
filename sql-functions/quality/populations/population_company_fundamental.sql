-- Counts reported facts.
create or replace function quality.population_company_fundamental(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select fact.instrument_id, count(*), min(period.end_ts), max(period.end_ts)
  from market.company_fundamental as fact
  cross join lateral (select fact.period_end::timestamp at time zone 'UTC' as end_ts) as period
  where fact.instrument_id = any (p_instrument_ids) and period.end_ts between p_from and p_to
  group by fact.instrument_id;
end;

comment on function quality.population_company_fundamental(bigint[], timestamptz, timestamptz) is
'Reported facts of each instrument whose period ends from p_from to p_to.';

revoke all on function quality.population_company_fundamental(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_company_fundamental(bigint[], timestamptz, timestamptz) to marketbase_worker;
