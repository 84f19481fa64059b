-- Counts balance sheets with total assets.
create or replace function quality.population_total_assets(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select sheet.instrument_id, count(*), min(sheet.ts), max(sheet.ts)
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{total_assets}') as sheet
  group by sheet.instrument_id;
end;

comment on function quality.population_total_assets(bigint[], timestamptz, timestamptz) is
'Balance sheets of each instrument dated from p_from to p_to that give total assets; see quality.statement_periods.';

revoke all on function quality.population_total_assets(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_total_assets(bigint[], timestamptz, timestamptz) to marketbase_worker;
