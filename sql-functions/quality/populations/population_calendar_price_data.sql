-- Counts daily bars on days that the calendar knows.
create or replace function quality.population_calendar_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
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
    -- The ts of a daily bar is midnight UTC of its session: the key alone tells.
    and (
      exchange.calendar <> 'sessions'
      or price.ts between (calendar.first_date::timestamp at time zone 'UTC') and (calendar.last_date::timestamp at time zone 'UTC')
    )
  where instrument.instrument_id = any (p_instrument_ids)
  group by price.instrument_id;
end;

comment on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars of each instrument from p_from to p_to, without those before the first and after the last session that market.trading_session has for an exchange whose sessions are known.';

revoke all on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
