-- The sessions of the exchanges that keep New York's hours. After the functions, because they know the rules.
insert into market.trading_session (mic, session_date, open_at, close_at, is_half_day)
select exchange.mic, session.session_date, session.open_at, session.close_at, session.is_half_day
from market.exchange
cross join market.xnys_sessions('1990-01-01', '2035-12-31') session
where exchange.mic in ('XNYS', 'XNAS', 'ARCX', 'OTCM')
on conflict (mic, session_date) do update
set open_at = excluded.open_at, close_at = excluded.close_at, is_half_day = excluded.is_half_day;
