-- The days on which an exchange trades, whatever is known of its calendar. Not strict, so that it is inlined.
create or replace function market.session_dates(p_mic text, p_from date, p_to date) returns setof date
language sql stable parallel safe
begin atomic
  select session.session_date
  from market.exchange
  join market.trading_session session using (mic)
  where exchange.mic = p_mic and exchange.calendar = 'sessions' and session.session_date between p_from and p_to
  union all
  select p_from + n
  from market.exchange
  cross join generate_series(0, p_to - p_from) as n
  where exchange.mic = p_mic
    and (exchange.calendar = 'always' or exchange.calendar = 'weekdays' and extract(isodow from p_from + n) < 6)
  order by 1;
end;

comment on function market.session_dates(text, date, date) is
'Days on which the exchange trades, from p_from to p_to, both included, in order: its rows of market.trading_session, or every weekday where no calendar is known, or every day where it never closes.
No row for an unknown exchange or NULL.';

revoke all on function market.session_dates(text, date, date) from public;
grant execute on function market.session_dates(text, date, date) to marketbase_reader;
