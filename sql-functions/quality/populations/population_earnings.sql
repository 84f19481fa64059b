-- Counts periods with net income, shares and earnings per share.
create or replace function quality.population_earnings(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select earnings.instrument_id, count(*), min(earnings.ts), max(earnings.ts)
  from quality.earnings(p_instrument_ids, p_from, p_to) as earnings
  group by earnings.instrument_id;
end;

comment on function quality.population_earnings(bigint[], timestamptz, timestamptz) is
'Periods of each instrument with net income, weighted average shares and earnings per share that end from p_from to p_to; see quality.earnings.';

revoke all on function quality.population_earnings(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_earnings(bigint[], timestamptz, timestamptz) to marketbase_worker;
