-- Counts restated facts.
create or replace function quality.population_restatement(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select restated.instrument_id, count(*), min(restated.ts), max(restated.ts)
  from quality.restatements(p_instrument_ids, p_from, p_to) as restated
  group by restated.instrument_id;
end;

comment on function quality.population_restatement(bigint[], timestamptz, timestamptz) is
'Facts of each instrument in a currency, for periods that end from p_from to p_to, that replaced an earlier value; see quality.restatements.';

revoke all on function quality.population_restatement(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_restatement(bigint[], timestamptz, timestamptz) to marketbase_worker;
