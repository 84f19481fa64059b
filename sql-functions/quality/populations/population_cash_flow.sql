-- Counts cash flow statements.
create or replace function quality.population_cash_flow(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select period.instrument_id, count(*), min(period.ts), max(period.ts)
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{operating_cash_flow,investing_cash_flow,financing_cash_flow,change_in_cash}') as period
  group by period.instrument_id;
end;

comment on function quality.population_cash_flow(bigint[], timestamptz, timestamptz) is
'Periods of each instrument that end from p_from to p_to and have operating, investing and financing cash flow and the change in cash; see quality.statement_periods.';

revoke all on function quality.population_cash_flow(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_cash_flow(bigint[], timestamptz, timestamptz) to marketbase_worker;
