-- The sessions of an exchange, by its hours, rules and exceptions.
create or replace function market.calendar_sessions(p_mic text, p_from date, p_to date) returns setof market.trading_session
language sql stable strict parallel safe
begin atomic
  select
    exchange.mic,
    day.session_date,
    (day.session_date + hours.open_time) at time zone exchange.time_zone,
    (day.session_date + close.close_time) at time zone exchange.time_zone,
    close.close_time < hours.close_time,
    case when close.close_time > hours.break_end then (day.session_date + hours.break_start) at time zone exchange.time_zone end,
    case when close.close_time > hours.break_end then (day.session_date + hours.break_end) at time zone exchange.time_zone end,
    null::bigint
  from market.exchange
  cross join lateral (select p_from + n as session_date from generate_series(0, p_to - p_from) as n) as day
  join lateral (
    select since.*
    from market.calendar_hours as since
    where since.mic = coalesce(exchange.calendar_mic, exchange.mic) and since.valid_from <= day.session_date
    order by since.valid_from desc
    limit 1
  ) as hours on extract(isodow from day.session_date)::integer = any (hours.weekdays)
  left join market.calendar_days(p_mic, p_from, p_to) as special on special.session_date = day.session_date
  cross join lateral (select least(special.close_time, hours.close_time) as close_time) as close
  where exchange.mic = p_mic and special.effect is distinct from 'closed'
  order by day.session_date;
end;

comment on function market.calendar_sessions(text, date, date) is
'The regular sessions of an exchange from p_from to p_to, both included, with open, close and break, by market.calendar_hours, market.calendar_rule and market.calendar_exception; future years follow the rules of today.
New York (XNYS, and XNAS, ARCX, OTCM, XASE, which keep its hours) is good from 1990, London (XLON) from 1990, currencies (FX24) have a session from 17:00 to 17:00 New York time on Monday to Friday.
market.trading_session holds these sessions, or those of an imported file. No row for an exchange without rules, for NULL or when p_to lies before p_from.';

revoke all on function market.calendar_sessions(text, date, date) from public;
grant execute on function market.calendar_sessions(text, date, date) to marketbase_reader;
