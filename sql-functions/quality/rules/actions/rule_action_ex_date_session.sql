-- An ex-date is a session.
create or replace function quality.rule_action_ex_date_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with calendar as materialized (
    select
      session.mic, min(session.session_date) as first_date, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic in (select instrument.mic from market.instrument as instrument where instrument.instrument_id = any (p_instrument_ids))
    group by session.mic
  )
  select
    null::bigint,
    action.instrument_id,
    action.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', action.ex_date, 'action_type', action.action_type),
    jsonb_build_object('amount', action.amount),
    format('a session of %s', instrument.mic),
    format('The ex-date %s of a %s is not a session of %s.', action.ex_date, action.action_type, instrument.mic)
  from market.instrument as instrument
  join calendar on calendar.mic = instrument.mic
  join market.corporate_action as action
    on action.instrument_id = instrument.instrument_id
    and action.ex_date between calendar.first_date and calendar.last_date
    and action.ex_date::timestamp at time zone 'UTC' between p_from and p_to
  left join market.trading_session as session on session.mic = instrument.mic and session.session_date = action.ex_date
  where instrument.instrument_id = any (p_instrument_ids) and session.mic is null;
end;

comment on function quality.rule_action_ex_date_session(bigint[], timestamptz, timestamptz, jsonb) is
'Splits and dividends on record whose ex-date is not a session of the exchange by market.trading_session, within the days that it covers. p_parameters is not used.';

revoke all on function quality.rule_action_ex_date_session(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_ex_date_session(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_ex_date_session', 'price_data', 'actions', 'warning', '{}',
  'An ex-date lies on a day without trading: it is a record or payment date, or in another time zone.',
  'Look the action up; adjusted prices take it into account on the next bar until it is corrected.',
  'action'
);
