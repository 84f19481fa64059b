-- The splits and distributions on record of some days, taken together.
create or replace function quality.actions_between(p_instrument_id bigint, p_after date, p_to date)
returns quality.actions_taken
language sql
stable
parallel safe
begin atomic
  select row(
    coalesce(exp(sum(ln(action.amount)) filter (where action.action_type = 'split')), 1),
    coalesce(sum(action.amount) filter (where action.action_type <> 'split'), 0)
  )::quality.actions_taken
  from market.corporate_action as action
  where action.instrument_id = p_instrument_id and action.ex_date > p_after and action.ex_date <= p_to;
end;

comment on function quality.actions_between(bigint, date, date) is
'The splits and distributions (dividends and spin-offs) on record for an instrument with an ex-date after p_after, up to p_to, taken together. Without any, or for NULL, 1 and 0.';

revoke all on function quality.actions_between(bigint, date, date) from public;
grant execute on function quality.actions_between(bigint, date, date) to marketbase_worker;
