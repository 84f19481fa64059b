-- The last bar is that of the last finished session.
create or replace function quality.rule_price_fresh(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    instrument.instrument_id,
    null::timestamptz,
    jsonb_build_object('symbol', instrument.symbol),
    jsonb_build_object('last_session_date', last_bar.session_date, 'sessions_behind', missed.session_count),
    format('a bar of %s or at most %s sessions older', missed.last_date, p_parameters ->> 'max_sessions_behind'),
    format('%s sessions behind: last bar %s, last session %s.', missed.session_count, last_bar.session_date, missed.last_date)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  cross join lateral (
    -- By ts, which the key has: the planner would look for the last session in the index of all instruments.
    select (max(price.ts) at time zone 'UTC')::date as session_date
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d'
  ) as last_bar
  cross join lateral (
    select count(*) as session_count, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic = instrument.mic and session.session_date > last_bar.session_date and session.close_at <= now()
  ) as missed
  where instrument.instrument_id = any (p_instrument_ids)
    and missed.session_count > (p_parameters ->> 'max_sessions_behind')::bigint;
end;

comment on function quality.rule_price_fresh(bigint[], timestamptz, timestamptz, jsonb) is
'Instruments whose last daily bar is more than max_sessions_behind finished sessions old, now. The severity is info because a data set of the past is old by right; the finding has no time.';

revoke all on function quality.rule_price_fresh(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_fresh(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_fresh', 'price_data', 'calendar', 'info', '{"max_sessions_behind": 1}',
  'The last bar is older than the last sessions of the exchange.',
  'Fetch the instrument again; a data set that ends in the past stays so.',
  'instrument'
);
