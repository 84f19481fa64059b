-- Counts periods with revenue, its cost and gross profit.
create or replace function quality.population_gross_profit(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select period.instrument_id, count(*), min(period.ts), max(period.ts)
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{revenue,cost_of_revenue,gross_profit}') as period
  group by period.instrument_id;
end;

comment on function quality.population_gross_profit(bigint[], timestamptz, timestamptz) is
'Periods of each instrument that end from p_from to p_to and have revenue, cost of revenue and gross profit; see quality.statement_periods.';

revoke all on function quality.population_gross_profit(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_gross_profit(bigint[], timestamptz, timestamptz) to marketbase_worker;
