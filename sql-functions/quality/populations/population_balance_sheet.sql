-- Counts balance sheets.
create or replace function quality.population_balance_sheet(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select sheet.instrument_id, count(*), min(sheet.ts), max(sheet.ts)
  from quality.balance_sheets(p_instrument_ids, p_from, p_to) as sheet
  group by sheet.instrument_id;
end;

comment on function quality.population_balance_sheet(bigint[], timestamptz, timestamptz) is
'Balance sheets of each instrument with total assets and the other side, dated from p_from to p_to; see quality.balance_sheets.';

revoke all on function quality.population_balance_sheet(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_balance_sheet(bigint[], timestamptz, timestamptz) to marketbase_worker;
