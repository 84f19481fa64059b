-- Which sessions of instruments have a daily bar, as stored at a moment.
create or replace function quality.session_presence(p_instrument_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (instrument_id bigint, session_date date, is_expected boolean, is_present boolean)
language sql
stable
parallel safe
begin atomic
  with bar as (
    select price.instrument_id, price.session_date
    from market.price_data as price
    where price.bar_interval = '1d' and price.recorded_at <= p_as_of and price.session_date between p_from and p_to
      -- A daily bar begins at midnight UTC of its session, or a zone away: the key finds it.
      and price.ts >= (p_from - 1)::timestamp at time zone 'UTC' and price.ts < (p_to + 2)::timestamp at time zone 'UTC'
      and p_instrument_id in (0, price.instrument_id)
    union all
    select closed.instrument_id, closed.session_date
    from market.price_data_history as closed
    where closed.bar_interval = '1d' and closed.recorded_at <= p_as_of and closed.closed_at > p_as_of and closed.session_date between p_from and p_to
      and p_instrument_id in (0, closed.instrument_id)
  ),
  span as (
    select bar.instrument_id, instrument.mic, exchange.calendar, min(bar.session_date) as first_date, max(bar.session_date) as last_date
    from bar
    join market.instruments_as_of(p_as_of) as instrument on instrument.instrument_id = bar.instrument_id
    join market.exchanges_as_of(p_as_of) as exchange on exchange.mic = instrument.mic
    group by bar.instrument_id, instrument.mic, exchange.calendar
  ),
  expected as (
    select span.instrument_id, session.session_date
    from span
    join market.sessions_as_of(
      array(select span.mic from span), (select min(span.first_date) from span), (select max(span.last_date) from span), p_as_of
    ) as session on session.mic = span.mic and session.session_date between span.first_date and span.last_date
    where span.calendar = 'sessions'
    union all
    select span.instrument_id, span.first_date + n
    from span
    cross join lateral generate_series(0, span.last_date - span.first_date) as n
    where span.calendar = 'always'
    union all
    -- Of the others no holidays are known: nothing is missing, nothing is out of place.
    select bar.instrument_id, bar.session_date
    from span
    join bar on bar.instrument_id = span.instrument_id
    where span.calendar not in ('sessions', 'always')
  )
  select both_sides.instrument_id, both_sides.session_date, bool_or(both_sides.is_expected), bool_or(not both_sides.is_expected)
  from (
    select expected.instrument_id, expected.session_date, true as is_expected from expected
    union all
    select bar.instrument_id, bar.session_date, false from bar
  ) as both_sides
  group by both_sides.instrument_id, both_sides.session_date;
end;

comment on function quality.session_presence(bigint, date, date, timestamptz) is
'One row per instrument (p_instrument_id, 0 for all) and day from p_from to p_to, both included, that is a session between its first and last daily bar there or has a bar: is_expected for a session of the calendar of its exchange, is_present for a bar, both as stored at p_as_of.
Where only the weekdays of an exchange are known each bar is expected. Instruments without bars give no rows. No row for NULL.';

revoke all on function quality.session_presence(bigint, date, date, timestamptz) from public;
grant execute on function quality.session_presence(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
