-- A bar of minutes lies within a session.
create or replace function quality.rule_price_in_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date, 'bar_interval', price.bar_interval),
    jsonb_build_object('close', price.close, 'volume', price.volume),
    format('a time from open to close of a session of %s', instrument.mic),
    format('The bar of %s UTC (%s) lies outside the sessions of %s.', to_char(price.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), price.bar_interval, instrument.mic)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval in ('1m', '5m', '15m', '30m', '1h')
    and price.ts between p_from and p_to
  left join market.trading_session as session
    on session.mic = instrument.mic
    and session.session_date = price.session_date
    and price.ts > session.open_at - market.bar_span(price.bar_interval)
    and price.ts < session.close_at
  where instrument.instrument_id = any (p_instrument_ids) and session.mic is null;
end;

comment on function quality.rule_price_in_session(bigint[], timestamptz, timestamptz, jsonb) is
'Bars shorter than a day that end before the open or begin at or after the close of the session of their date, or have no session, by market.trading_session; a bar may begin before the open as long as it ends after it. p_parameters is not used.';

revoke all on function quality.rule_price_in_session(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_in_session(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_in_session', 'price_data', 'calendar', 'warning', '{}',
  'A bar lies outside of the regular session: it is of trading before the open or after the close, or its time zone is wrong.',
  'Ask the provider for regular hours only; look at the time zone in which it dates its bars.',
  'intraday_price_data'
);
