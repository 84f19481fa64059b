-- When an exchange trades, whatever is known of its calendar. Not strict, so that it is inlined.
create or replace function market.session_hours(p_mic text, p_from date, p_to date) returns setof market.trading_session
language sql stable parallel safe
begin atomic
  with reach as (
    select exchange.time_zone, calendar.first_date, calendar.last_date
    from market.exchange
    left join lateral (
      select min(session.session_date) as first_date, max(session.session_date) as last_date
      from market.trading_session session
      where session.mic = p_mic
    ) as calendar on exchange.calendar = 'sessions'
    where exchange.mic = p_mic
  ), day as (
    select session_date from market.session_dates(p_mic, p_from, p_to) as session_date
    union all
    select p_from + n
    from reach
    cross join generate_series(0, p_to - p_from) as n
    where (p_from + n < reach.first_date or p_from + n > reach.last_date) and extract(isodow from p_from + n) < 6
  )
  select
    p_mic, day.session_date,
    coalesce(session.open_at, day.session_date::timestamp at time zone reach.time_zone),
    coalesce(session.close_at, (day.session_date + 1)::timestamp at time zone reach.time_zone),
    coalesce(session.is_half_day, false), session.break_start, session.break_end, session.run_id
  from day
  cross join reach
  left join market.trading_session session
    on session.mic = p_mic and session.session_date = day.session_date and session.session_date between p_from and p_to
  order by day.session_date;
end;

comment on function market.session_hours(text, date, date) is
'The sessions of an exchange from p_from to p_to, both included, in order: the rows of market.trading_session, and where the calendar does not reach every weekday.
Where no hours are known a session is the whole local day; so are those of a market that never closes, from midnight to midnight UTC. No row for an unknown exchange or NULL.';

revoke all on function market.session_hours(text, date, date) from public;
grant execute on function market.session_hours(text, date, date) to marketbase_reader;
