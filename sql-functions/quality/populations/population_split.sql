-- Counts splits on record.
create or replace function quality.population_split(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select split.instrument_id, count(*), min(split.ts), max(split.ts)
  from (
    select action.instrument_id, action.ex_date::timestamp at time zone 'UTC' as ts
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ) as split
  where split.ts between p_from and p_to
  group by split.instrument_id;
end;

comment on function quality.population_split(bigint[], timestamptz, timestamptz) is
'Splits of each instrument with an ex-date from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_split(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_split(bigint[], timestamptz, timestamptz) to marketbase_worker;
