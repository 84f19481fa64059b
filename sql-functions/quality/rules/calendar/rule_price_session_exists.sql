-- A daily bar lies on a day on which its exchange traded.
create or replace function quality.rule_price_session_exists(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date),
    jsonb_build_object('close', price.close, 'volume', price.volume),
    format('a session of %s', instrument.mic),
    format('%s is not a session of %s.', price.session_date, instrument.mic)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic
  cross join lateral (
    select min(session.session_date) as first_date, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic = instrument.mic
  ) as calendar
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval = '1d'
    and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids)
    and case exchange.calendar
      when 'sessions' then price.session_date between calendar.first_date and calendar.last_date
        and not exists (
          select from market.trading_session as session
          where session.mic = instrument.mic and session.session_date = price.session_date
        )
      when 'weekdays' then extract(isodow from price.session_date) > 5
      else false
    end;
end;

comment on function quality.rule_price_session_exists(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars on days on which the exchange does not trade: days without a session by market.trading_session, within the days that it covers; weekends where only weekdays are known. p_parameters is not used.';

revoke all on function quality.rule_price_session_exists(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_session_exists(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_session_exists', 'price_data', 'calendar', 'warning', '{}',
  'A bar is dated on a weekend or a holiday of its exchange.',
  'Look at the time zone in which the provider dates its bars; if the day was a session after all, correct the calendar.',
  'calendar_price_data'
);
