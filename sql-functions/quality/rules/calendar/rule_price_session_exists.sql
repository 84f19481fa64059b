-- A daily bar lies on a day on which its exchange traded.
create or replace function quality.rule_price_session_exists(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with calendar as materialized (
    select
      exchange.mic, quality.calendar_dates(exchange.mic) as dates,
      coalesce((select min(session.session_date) from market.trading_session as session where session.mic = exchange.mic), '-infinity') as first_date,
      coalesce((select max(session.session_date) from market.trading_session as session where session.mic = exchange.mic), 'infinity') as last_date
    from market.exchange as exchange
    where exchange.calendar <> 'always'
      and exists (select from market.instrument as instrument where instrument.mic = exchange.mic and instrument.instrument_id = any (p_instrument_ids))
  )
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date),
    jsonb_build_object('close', price.close, 'volume', price.volume),
    format('a session of %s', instrument.mic),
    format('%s is not a session of %s.', price.session_date, instrument.mic)
  from calendar
  join market.instrument as instrument on instrument.mic = calendar.mic and instrument.instrument_id = any (p_instrument_ids)
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval = '1d'
    and price.ts between p_from and p_to
    and price.session_date between calendar.first_date and calendar.last_date
    and calendar.dates[width_bucket(price.session_date, calendar.dates)] is distinct from price.session_date;
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
