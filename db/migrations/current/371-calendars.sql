-- Calendars as rows of hours, rules and exceptions, and sessions that may have a break.
alter table market.exchange add column if not exists calendar_mic text references market.exchange;
alter table market.exchange add column if not exists aliases text[] not null default '{}';
create index if not exists exchange_calendar_mic_idx on market.exchange (calendar_mic);
comment on column market.exchange.calendar_mic is 'Exchange whose hours and holidays it keeps; null where it has its own, or none is known.';
comment on column market.exchange.aliases is 'Other names by which people ask for it, in capitals, such as NYSE.';
comment on column market.exchange.calendar is 'sessions: its sessions stand in market.trading_session, by rules or from a file; weekdays: no calendar is known, so every Monday to Friday counts as a session; always: it trades every day.';

alter table market.trading_session add column if not exists break_start timestamptz;
alter table market.trading_session add column if not exists break_end timestamptz;
alter table market.trading_session add column if not exists run_id bigint references pipeline.pipeline_run;
alter table market.trading_session drop constraint if exists trading_session_break_check;
alter table market.trading_session add constraint trading_session_break_check check (
  num_nonnulls(break_start, break_end) = 0 or num_nonnulls(break_start, break_end) = 2 and break_start > open_at and break_end > break_start and close_at > break_end
);
create index if not exists trading_session_run_id_idx on market.trading_session (run_id);
comment on table market.trading_session is
'Every regular session of the exchanges whose calendar is known (exchange.calendar = sessions): by market.calendar_sessions from 1990 to 2035, or as a file said that was imported. Within the days that are covered, a date without a row is a day on which the exchange did not trade.';
comment on column market.trading_session.session_date is 'Local date of the session; of one that begins the evening before, the date on which it closes.';
comment on column market.trading_session.break_start is 'Beginning of the break at noon; null where there is none.';
comment on column market.trading_session.break_end is 'End of the break at noon; null where there is none.';
comment on column market.trading_session.run_id is 'Run that imported it; null for a session by rules.';

create table if not exists market.calendar_hours (
  mic text not null references market.exchange,
  valid_from date not null,
  weekdays integer[] not null default '{1,2,3,4,5}',
  open_time interval not null,
  close_time interval not null,
  break_start interval,
  break_end interval,
  primary key (mic, valid_from),
  constraint calendar_hours_weekdays_check check (weekdays <@ '{1,2,3,4,5,6,7}'::integer[] and cardinality(weekdays) > 0),
  constraint calendar_hours_order_check check (open_time < close_time and (break_start is null) = (break_end is null) and (break_start is null or open_time < break_start and break_start < break_end and break_end < close_time))
);
comment on table market.calendar_hours is 'Regular hours of exchanges, by which market.calendar_sessions makes their sessions.';
comment on column market.calendar_hours.mic is 'Exchange.';
comment on column market.calendar_hours.valid_from is 'First day of these hours; they hold until the next row of the exchange.';
comment on column market.calendar_hours.weekdays is 'Days of the week on which a session closes, 1 for Monday to 7 for Sunday.';
comment on column market.calendar_hours.open_time is 'Opening, on the clock of the exchange, from midnight of the session''s date; negative for the evening before.';
comment on column market.calendar_hours.close_time is 'Close, likewise.';
comment on column market.calendar_hours.break_start is 'Beginning of the break at noon, likewise; null where there is none.';
comment on column market.calendar_hours.break_end is 'End of the break, likewise.';

create table if not exists market.calendar_rule (
  mic text not null references market.exchange,
  rule text not null,
  from_year integer not null default 0,
  to_year integer not null default 9999,
  effect text not null default 'closed',
  month integer,
  day integer,
  weekday integer,
  nth integer,
  easter_offset integer,
  day_offset integer not null default 0,
  saturday_shift integer,
  sunday_shift integer,
  only_on integer[],
  close_time interval,
  primary key (mic, rule, from_year),
  constraint calendar_rule_effect_check check (effect in ('closed', 'early_close') and (effect = 'early_close') = (close_time is not null)),
  constraint calendar_rule_years_check check (to_year >= from_year),
  constraint calendar_rule_date_check check (case
    when easter_offset is not null then num_nonnulls(month, day, weekday, nth) = 0
    when day is not null then month between 1 and 12 and day between 1 and 31 and num_nonnulls(weekday, nth) = 0
    else coalesce(month between 1 and 12 and weekday between 1 and 7 and (nth between 1 and 5 or nth = -1), false)
  end)
);
comment on table market.calendar_rule is
'Holidays and early closes that return every year. A date is a day of a month, the nth weekday of a month, or a distance from Easter; market.calendar_exception overrules it. After a change: market.refresh_sessions.';
comment on column market.calendar_rule.mic is 'Exchange.';
comment on column market.calendar_rule.rule is 'Name, such as Christmas Day.';
comment on column market.calendar_rule.from_year is 'First year.';
comment on column market.calendar_rule.to_year is 'Last year.';
comment on column market.calendar_rule.effect is 'closed: no session; early_close: a session that ends at close_time.';
comment on column market.calendar_rule.month is 'Month of a date that is given by a day or a weekday.';
comment on column market.calendar_rule.day is 'Day of the month.';
comment on column market.calendar_rule.weekday is 'Day of the week, 1 for Monday to 7 for Sunday.';
comment on column market.calendar_rule.nth is 'Which of these weekdays of the month, from 1; -1 for the last.';
comment on column market.calendar_rule.easter_offset is 'Days after Easter Sunday; negative before.';
comment on column market.calendar_rule.day_offset is 'Days to add to the date, as for the day after Thanksgiving.';
comment on column market.calendar_rule.saturday_shift is 'Days to move it by when it falls on a Saturday; null: then it is not kept.';
comment on column market.calendar_rule.sunday_shift is 'Days to move it by when it falls on a Sunday; null: then it is not kept.';
comment on column market.calendar_rule.only_on is 'Kept only on these days of the week; null: on all.';
comment on column market.calendar_rule.close_time is 'When an early close closes, on the clock of the exchange.';

create table if not exists market.calendar_exception (
  mic text not null references market.exchange,
  session_date date not null,
  effect text not null,
  close_time interval,
  reason text not null,
  primary key (mic, session_date),
  constraint calendar_exception_effect_check check (effect in ('closed', 'early_close', 'open') and (effect = 'early_close') = (close_time is not null))
);
comment on table market.calendar_exception is 'Days that no rule foresaw; what stands here counts instead of the rules.';
comment on column market.calendar_exception.mic is 'Exchange.';
comment on column market.calendar_exception.session_date is 'Local date.';
comment on column market.calendar_exception.effect is 'closed, early_close, or open: a regular session where a rule would have closed.';
comment on column market.calendar_exception.close_time is 'When an early close closes, on the clock of the exchange.';
comment on column market.calendar_exception.reason is 'Why.';

insert into market.exchange (mic, name, time_zone, country, calendar, aliases)
values
  ('FX24', 'Currencies: Sunday 17:00 to Friday 17:00, New York time', 'America/New_York', 'ZZ', 'sessions', '{FX,FOREX}'),
  ('XASE', 'NYSE American', 'America/New_York', 'US', 'sessions', '{AMEX}'),
  ('XTKS', 'Tokyo Stock Exchange', 'Asia/Tokyo', 'JP', 'weekdays', '{TSE}'),
  ('XHKG', 'Hong Kong Exchanges and Clearing', 'Asia/Hong_Kong', 'HK', 'weekdays', '{HKEX}'),
  ('XSHG', 'Shanghai Stock Exchange', 'Asia/Shanghai', 'CN', 'weekdays', '{SSE}'),
  ('XSHE', 'Shenzhen Stock Exchange', 'Asia/Shanghai', 'CN', 'weekdays', '{SZSE}'),
  ('XKRX', 'Korea Exchange', 'Asia/Seoul', 'KR', 'weekdays', '{KRX}'),
  ('XTAI', 'Taiwan Stock Exchange', 'Asia/Taipei', 'TW', 'weekdays', '{TWSE}'),
  ('XSES', 'Singapore Exchange', 'Asia/Singapore', 'SG', 'weekdays', '{SGX}'),
  ('XBOM', 'BSE India', 'Asia/Kolkata', 'IN', 'weekdays', '{BSE}'),
  ('XNSE', 'National Stock Exchange of India', 'Asia/Kolkata', 'IN', 'weekdays', '{NSE}'),
  ('XASX', 'Australian Securities Exchange', 'Australia/Sydney', 'AU', 'weekdays', '{ASX}'),
  ('XNZE', 'New Zealand Exchange', 'Pacific/Auckland', 'NZ', 'weekdays', '{NZX}'),
  ('XSWX', 'SIX Swiss Exchange', 'Europe/Zurich', 'CH', 'weekdays', '{SIX}'),
  ('XAMS', 'Euronext Amsterdam', 'Europe/Amsterdam', 'NL', 'weekdays', '{}'),
  ('XBRU', 'Euronext Brussels', 'Europe/Brussels', 'BE', 'weekdays', '{}'),
  ('XLIS', 'Euronext Lisbon', 'Europe/Lisbon', 'PT', 'weekdays', '{}'),
  ('XDUB', 'Euronext Dublin', 'Europe/Dublin', 'IE', 'weekdays', '{}'),
  ('XMIL', 'Borsa Italiana', 'Europe/Rome', 'IT', 'weekdays', '{}'),
  ('XMAD', 'Bolsa de Madrid', 'Europe/Madrid', 'ES', 'weekdays', '{BME}'),
  ('XWBO', 'Wiener Börse', 'Europe/Vienna', 'AT', 'weekdays', '{}'),
  ('XSTO', 'Nasdaq Stockholm', 'Europe/Stockholm', 'SE', 'weekdays', '{}'),
  ('XHEL', 'Nasdaq Helsinki', 'Europe/Helsinki', 'FI', 'weekdays', '{}'),
  ('XWAR', 'Warsaw Stock Exchange', 'Europe/Warsaw', 'PL', 'weekdays', '{WSE}'),
  ('XJSE', 'Johannesburg Stock Exchange', 'Africa/Johannesburg', 'ZA', 'weekdays', '{JSE}'),
  ('BVMF', 'B3', 'America/Sao_Paulo', 'BR', 'weekdays', '{B3}'),
  ('XMEX', 'Bolsa Mexicana de Valores', 'America/Mexico_City', 'MX', 'weekdays', '{BMV}')
on conflict (mic) do update set aliases = excluded.aliases;
update market.exchange
set calendar_mic = case when exchange.mic in ('XNAS', 'ARCX', 'OTCM', 'XASE') then 'XNYS' end, aliases = known.aliases,
  calendar = case exchange.mic when 'XLON' then 'sessions' else exchange.calendar end
from (
  values
    ('XNYS', '{NYSE}'::text[]), ('XNAS', '{NASDAQ}'), ('ARCX', '{ARCA}'), ('OTCM', '{OTC}'), ('XASE', '{AMEX}'), ('XLON', '{LSE}'), ('XTSE', '{TSX}'),
    ('XETR', '{XETRA}'), ('XXXX', '{CRYPTO}')
) as known (mic, aliases)
where exchange.mic = known.mic;

insert into market.calendar_hours (mic, valid_from, weekdays, open_time, close_time)
values
  ('XNYS', '1985-09-30', '{1,2,3,4,5}', '09:30', '16:00'),
  ('XLON', '1986-10-27', '{1,2,3,4,5}', '08:00', '16:30'),
  ('FX24', '1985-01-01', '{1,2,3,4,5}', '-07:00', '17:00')
on conflict (mic, valid_from) do update
set weekdays = excluded.weekdays, open_time = excluded.open_time, close_time = excluded.close_time, break_start = excluded.break_start, break_end = excluded.break_end;

insert into market.calendar_rule (mic, rule, from_year, to_year, effect, month, day, weekday, nth, easter_offset, day_offset, saturday_shift, sunday_shift, only_on, close_time)
values
  -- New York: a holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after; but New Year's Day not in the old year.
  ('XNYS', 'New Year''s Day', 0, 9999, 'closed', 1, 1, null, null, null, 0, null, 1, null, null),
  ('XNYS', 'Martin Luther King Day', 1998, 9999, 'closed', 1, null, 1, 3, null, 0, null, null, null, null),
  ('XNYS', 'Washington''s Birthday', 0, 9999, 'closed', 2, null, 1, 3, null, 0, null, null, null, null),
  ('XNYS', 'Good Friday', 0, 9999, 'closed', null, null, null, null, -2, 0, null, null, null, null),
  ('XNYS', 'Memorial Day', 0, 9999, 'closed', 5, null, 1, -1, null, 0, null, null, null, null),
  ('XNYS', 'Juneteenth', 2022, 9999, 'closed', 6, 19, null, null, null, 0, -1, 1, null, null),
  ('XNYS', 'Independence Day', 0, 9999, 'closed', 7, 4, null, null, null, 0, -1, 1, null, null),
  ('XNYS', 'Labor Day', 0, 9999, 'closed', 9, null, 1, 1, null, 0, null, null, null, null),
  ('XNYS', 'Thanksgiving', 0, 9999, 'closed', 11, null, 4, 4, null, 0, null, null, null, null),
  ('XNYS', 'Christmas Day', 0, 9999, 'closed', 12, 25, null, null, null, 0, -1, 1, null, null),
  ('XNYS', 'Christmas Eve', 0, 1992, 'early_close', 12, 24, null, null, null, 0, null, null, null, '14:00'),
  ('XNYS', 'Christmas Eve', 1993, 9999, 'early_close', 12, 24, null, null, null, 0, null, null, null, '13:00'),
  ('XNYS', 'Day after Thanksgiving', 1992, 1992, 'early_close', 11, null, 4, 4, null, 1, null, null, null, '14:00'),
  ('XNYS', 'Day after Thanksgiving', 1993, 9999, 'early_close', 11, null, 4, 4, null, 1, null, null, null, '13:00'),
  ('XNYS', 'Eve of Independence Day', 1995, 2012, 'early_close', 7, 3, null, null, null, 0, null, null, '{1,2,4}', '13:00'),
  ('XNYS', 'Eve of Independence Day', 2013, 9999, 'early_close', 7, 3, null, null, null, 0, null, null, '{1,2,3,4}', '13:00'),
  ('XNYS', 'Friday after Independence Day', 1995, 2012, 'early_close', 7, 5, null, null, null, 0, null, null, '{5}', '13:00'),
  -- London: the bank holidays of England and Wales, with a substitute day after the weekend.
  ('XLON', 'New Year''s Day', 0, 9999, 'closed', 1, 1, null, null, null, 0, 2, 1, null, null),
  ('XLON', 'Good Friday', 0, 9999, 'closed', null, null, null, null, -2, 0, null, null, null, null),
  ('XLON', 'Easter Monday', 0, 9999, 'closed', null, null, null, null, 1, 0, null, null, null, null),
  ('XLON', 'Early May bank holiday', 0, 9999, 'closed', 5, null, 1, 1, null, 0, null, null, null, null),
  ('XLON', 'Spring bank holiday', 0, 9999, 'closed', 5, null, 1, -1, null, 0, null, null, null, null),
  ('XLON', 'Summer bank holiday', 0, 9999, 'closed', 8, null, 1, -1, null, 0, null, null, null, null),
  ('XLON', 'Christmas Day', 0, 9999, 'closed', 12, 25, null, null, null, 0, 2, 2, null, null),
  ('XLON', 'Boxing Day', 0, 9999, 'closed', 12, 26, null, null, null, 0, 2, 2, null, null),
  ('XLON', 'Christmas Eve', 0, 9999, 'early_close', 12, 24, null, null, null, 0, -1, -2, null, '12:30'),
  ('XLON', 'New Year''s Eve', 0, 9999, 'early_close', 12, 31, null, null, null, 0, -1, -2, null, '12:30')
on conflict (mic, rule, from_year) do update
set to_year = excluded.to_year, effect = excluded.effect, month = excluded.month, day = excluded.day, weekday = excluded.weekday, nth = excluded.nth,
  easter_offset = excluded.easter_offset, day_offset = excluded.day_offset, saturday_shift = excluded.saturday_shift, sunday_shift = excluded.sunday_shift,
  only_on = excluded.only_on, close_time = excluded.close_time;

insert into market.calendar_exception (mic, session_date, effect, close_time, reason)
values
  ('XNYS', '1985-09-27', 'closed', null, 'hurricane Gloria'),
  ('XNYS', '1994-04-27', 'closed', null, 'mourning for Richard Nixon'),
  ('XNYS', '1997-12-26', 'early_close', '13:00', 'day after Christmas'),
  ('XNYS', '1999-12-31', 'early_close', '13:00', 'turn of the century'),
  ('XNYS', '2001-09-11', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2001-09-12', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2001-09-13', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2001-09-14', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2003-12-26', 'early_close', '13:00', 'day after Christmas'),
  ('XNYS', '2004-06-11', 'closed', null, 'mourning for Ronald Reagan'),
  ('XNYS', '2007-01-02', 'closed', null, 'mourning for Gerald Ford'),
  ('XNYS', '2012-10-29', 'closed', null, 'hurricane Sandy'),
  ('XNYS', '2012-10-30', 'closed', null, 'hurricane Sandy'),
  ('XNYS', '2018-12-05', 'closed', null, 'mourning for George H. W. Bush'),
  ('XNYS', '2025-01-09', 'closed', null, 'mourning for Jimmy Carter'),
  ('XLON', '1995-05-01', 'open', null, 'the early May bank holiday was moved to 8 May'),
  ('XLON', '1995-05-08', 'closed', null, 'fifty years since the end of the war in Europe'),
  ('XLON', '1999-12-31', 'closed', null, 'turn of the century'),
  ('XLON', '2002-05-27', 'open', null, 'the spring bank holiday was moved to 4 June'),
  ('XLON', '2002-06-03', 'closed', null, 'golden jubilee of the Queen'),
  ('XLON', '2002-06-04', 'closed', null, 'spring bank holiday'),
  ('XLON', '2011-04-29', 'closed', null, 'royal wedding'),
  ('XLON', '2012-05-28', 'open', null, 'the spring bank holiday was moved to 4 June'),
  ('XLON', '2012-06-04', 'closed', null, 'spring bank holiday'),
  ('XLON', '2012-06-05', 'closed', null, 'diamond jubilee of the Queen'),
  ('XLON', '2020-05-04', 'open', null, 'the early May bank holiday was moved to 8 May'),
  ('XLON', '2020-05-08', 'closed', null, 'seventy-five years since the end of the war in Europe'),
  ('XLON', '2022-05-30', 'open', null, 'the spring bank holiday was moved to 2 June'),
  ('XLON', '2022-06-02', 'closed', null, 'spring bank holiday'),
  ('XLON', '2022-06-03', 'closed', null, 'platinum jubilee of the Queen'),
  ('XLON', '2022-09-19', 'closed', null, 'funeral of the Queen'),
  ('XLON', '2023-05-08', 'closed', null, 'coronation of the King')
on conflict (mic, session_date) do update
set effect = excluded.effect, close_time = excluded.close_time, reason = excluded.reason;

-- The rules of New York are rows now.
drop function if exists market.xnys_sessions(date, date);
drop function if exists market.xnys_holidays(integer);
drop function if exists market.xnys_early_close(date);
