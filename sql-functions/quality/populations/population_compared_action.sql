-- Counts splits and dividends of which more than one provider has spoken.
create or replace function quality.population_compared_action(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select action.instrument_id, count(*), min(taken.ts), max(taken.ts)
  from market.corporate_action as action
  cross join lateral (select action.ex_date::timestamp at time zone 'UTC' as ts) as taken
  where action.instrument_id = any (p_instrument_ids)
    and taken.ts between p_from and p_to
    and exists (
      select
      from market.corporate_action_observation as other
      where other.instrument_id = action.instrument_id
        and other.action_type = action.action_type
        and other.ex_date = action.ex_date
        and other.provider <> action.provider
    )
  group by action.instrument_id;
end;

comment on function quality.population_compared_action(bigint[], timestamptz, timestamptz) is
'Splits and dividends of each instrument with an ex-date from p_from to p_to of which another provider than the current one has spoken.';

revoke all on function quality.population_compared_action(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_compared_action(bigint[], timestamptz, timestamptz) to marketbase_worker;
