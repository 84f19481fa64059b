-- Counts splits and dividends on record.
create or replace function quality.population_action(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select action.instrument_id, count(*), min(taken.ts), max(taken.ts)
  from market.corporate_action as action
  cross join lateral (select action.ex_date::timestamp at time zone 'UTC' as ts) as taken
  where action.instrument_id = any (p_instrument_ids) and taken.ts between p_from and p_to
  group by action.instrument_id;
end;

comment on function quality.population_action(bigint[], timestamptz, timestamptz) is
'Splits and dividends of each instrument with an ex-date from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_action(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_action(bigint[], timestamptz, timestamptz) to marketbase_worker;
