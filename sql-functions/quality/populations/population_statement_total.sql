-- Counts totals of statements that can be compared.
create or replace function quality.population_statement_total(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select total.instrument_id, count(*), min(total.ts), max(total.ts)
  from quality.statement_totals(p_instrument_ids, p_from, p_to, '{revenue,total_assets,total_liabilities,shares_basic,shares_issued_outstanding}') as total
  group by total.instrument_id;
end;

comment on function quality.population_statement_total(bigint[], timestamptz, timestamptz) is
'Revenue, total assets and liabilities and numbers of shares of each instrument for periods that end from p_from to p_to and have two others to compare with; see quality.statement_totals.';

revoke all on function quality.population_statement_total(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_statement_total(bigint[], timestamptz, timestamptz) to marketbase_worker;
