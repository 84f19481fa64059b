-- The calendar of the New York Stock Exchange, by its rules and exceptions.
create or replace function market.xnys_sessions(p_from date, p_to date) returns setof market.trading_session
language sql stable strict parallel safe
begin atomic
  select
    'XNYS',
    day.session_date,
    (day.session_date + time '09:30') at time zone 'America/New_York',
    (day.session_date + coalesce(day.early_close, time '16:00')) at time zone 'America/New_York',
    day.early_close is not null
  from (
    select p_from + n as session_date, market.xnys_early_close(p_from + n) as early_close
    from generate_series(0, p_to - p_from) as n
  ) as day
  where extract(isodow from day.session_date) < 6
    and day.session_date not in (
      select holiday
      from generate_series(extract(year from p_from)::integer, extract(year from p_to)::integer) as year
      cross join market.xnys_holidays(year) as holiday
    )
  order by day.session_date;
end;

comment on function market.xnys_sessions(date, date) is
'The regular sessions of the New York Stock Exchange from p_from to p_to, both included, with open and close (09:30 to 16:00 or an early close, New York time). Good from 1990; future years follow the rules of today.
Nasdaq keeps the same hours. No row for NULL or when p_to lies before p_from.';

revoke all on function market.xnys_sessions(date, date) from public;
grant execute on function market.xnys_sessions(date, date) to marketbase_reader;
