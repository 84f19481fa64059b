-- When an exchange trades, whatever is known of its calendar. Not strict, so that it is inlined.
create or replace function market.session_hours(p_mic text, p_from date, p_to date) returns setof market.trading_session
language sql stable parallel safe
begin atomic
  with reach as (
    select exchange.calendar, exchange.time_zone, known.first_date, known.last_date
    from market.exchange
    left join lateral (
      select min(session.session_date) as first_date, max(session.session_date) as last_date
      from market.trading_session session
      where session.mic = p_mic
    ) as known on exchange.calendar = 'sessions'
    where exchange.mic = p_mic
  ), unlisted as (
    -- Days before and after the calendar, or all of them where there is none.
    select stretch.from_date + n as session_date, reach.time_zone
    from reach
    cross join lateral (
      values
        (p_from, case when reach.calendar = 'sessions' then least(p_to, reach.first_date - 1) else p_to end),
        (greatest(p_from, reach.last_date + 1), case when reach.calendar = 'sessions' then p_to end)
    ) as stretch (from_date, to_date)
    cross join lateral generate_series(0, stretch.to_date - stretch.from_date) as n
    where reach.calendar = 'always' or extract(isodow from stretch.from_date + n) < 6
  )
  select
    session.mic, session.session_date, session.open_at, session.close_at, session.is_half_day, session.break_start, session.break_end, session.run_id
  from reach
  join market.trading_session session on session.mic = p_mic and session.session_date between p_from and p_to
  where reach.calendar = 'sessions'
  union all
  select
    p_mic, unlisted.session_date,
    coalesce(session.open_at, unlisted.session_date::timestamp at time zone unlisted.time_zone),
    coalesce(session.close_at, (unlisted.session_date + 1)::timestamp at time zone unlisted.time_zone),
    coalesce(session.is_half_day, false), session.break_start, session.break_end, session.run_id
  from unlisted
  left join market.trading_session session on session.mic = p_mic and session.session_date = unlisted.session_date
  order by session_date;
end;

comment on function market.session_hours(text, date, date) is
'The sessions of an exchange from p_from to p_to, both included, in order: the rows of market.trading_session, and where the calendar does not reach every weekday.
Where no hours are known a session is the whole local day; so are those of a market that never closes, from midnight to midnight UTC. No row for an unknown exchange or NULL.';

revoke all on function market.session_hours(text, date, date) from public;
grant execute on function market.session_hours(text, date, date) to marketbase_reader;
