-- Whether the bars are all there: sessions of the trading calendar that are expected, present and missing, gaps as spans.
--
--   psql "$URL" -X -f db/reports/completeness.sql                                      all instruments, all sessions
--   psql "$URL" -X -v symbol=AAPL -f db/reports/completeness.sql                       one instrument
--   psql "$URL" -X -v from=2018-01-01 -v to=2018-12-31 -f db/reports/completeness.sql  the sessions of a year
\set ON_ERROR_STOP on
\set report 'completeness'
\set title 'completeness of daily bars against the trading calendar'
\set takes 'as_of from to symbol lines'
\ir common/begin.sql
\echo '# Symbol:  ' :symbol_title
\echo '# Sessions:' :span_title
\ir common/lists.sql

\echo '# 1. In all'
select
  count(distinct day.instrument_id) as instruments,
  min(day.session_date) as first_session,
  max(day.session_date) as last_session,
  count(*) filter (where day.is_expected) as expected,
  count(*) filter (where day.is_expected and day.is_present) as present,
  count(*) filter (where day.is_expected and not day.is_present) as missing,
  count(*) filter (where not day.is_expected) as off_calendar,
  round(100.0 * count(*) filter (where day.is_expected and day.is_present) / nullif(count(*) filter (where day.is_expected), 0), 4) as complete_pct
from quality.session_presence(:instrument_id, :'from_date', :'to_date', :'as_of') as day;

\echo '# 2. By instrument, the least complete first, from its first to its last bar; behind: finished sessions after that'
-- chart: bars of complete_pct over symbol
with counted as (
  select
    day.instrument_id,
    min(day.session_date) as first_bar,
    max(day.session_date) as last_bar,
    count(*) filter (where day.is_expected) as expected,
    count(*) filter (where day.is_expected and day.is_present) as present,
    count(*) filter (where day.is_expected and not day.is_present) as missing,
    count(*) filter (where not day.is_expected) as off_calendar
  from quality.session_presence(:instrument_id, :'from_date', :'to_date', :'as_of') as day
  group by day.instrument_id
)
select
  instrument.symbol,
  instrument.mic,
  counted.first_bar,
  counted.last_bar,
  counted.expected,
  counted.present,
  counted.missing,
  counted.off_calendar,
  round(100.0 * counted.present / counted.expected, 4) as complete_pct,
  case when exchange.calendar = 'sessions' then (
    select count(*)
    from market.sessions_as_of(array[instrument.mic], counted.last_bar + 1, least(:'to_date'::date, (:'as_of'::timestamptz)::date), :'as_of') as session
    where session.close_at <= :'as_of'::timestamptz
  ) end as behind
from counted
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = counted.instrument_id
join market.exchanges_as_of(:'as_of') as exchange on exchange.mic = instrument.mic
order by counted.present::double precision / counted.expected, counted.missing desc, instrument.symbol
limit :lines;

\echo '# 3. Gaps, the longest first: sessions without a bar, one after the other'
with session as (
  select
    day.*,
    row_number() over (partition by day.instrument_id order by day.session_date)
      - row_number() over (partition by day.instrument_id, day.is_present order by day.session_date) as island
  from quality.session_presence(:instrument_id, :'from_date', :'to_date', :'as_of') as day
  where day.is_expected
)
select
  instrument.symbol,
  instrument.mic,
  gap.first_missing,
  gap.last_missing,
  gap.sessions
from (
  select session.instrument_id, min(session.session_date) as first_missing, max(session.session_date) as last_missing, count(*) as sessions
  from session
  where not session.is_present
  group by session.instrument_id, session.island
) as gap
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = gap.instrument_id
order by gap.sessions desc, instrument.symbol, gap.first_missing
limit :lines;

\echo '# 4. Bars on days that are no session, newest first'
select
  instrument.symbol,
  instrument.mic,
  day.session_date,
  to_char(day.session_date, 'Dy') as weekday
from quality.session_presence(:instrument_id, :'from_date', :'to_date', :'as_of') as day
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = day.instrument_id
where not day.is_expected
order by day.session_date desc, instrument.symbol
limit :lines;

\echo '# 5. By year, newest first'
-- chart: bars of present, missing over year
select
  extract(year from day.session_date)::integer as year,
  count(distinct day.instrument_id) as instruments,
  count(*) filter (where day.is_expected) as expected,
  count(*) filter (where day.is_expected and day.is_present) as present,
  count(*) filter (where day.is_expected and not day.is_present) as missing,
  count(*) filter (where not day.is_expected) as off_calendar,
  round(100.0 * count(*) filter (where day.is_expected and day.is_present) / nullif(count(*) filter (where day.is_expected), 0), 4) as complete_pct
from quality.session_presence(:instrument_id, :'from_date', :'to_date', :'as_of') as day
group by 1
order by 1 desc
limit :lines;

\echo '# 6. Instruments of which no daily bar was stored'
select
  instrument.symbol,
  instrument.asset_class,
  instrument.mic,
  to_char(instrument.created_at, 'YYYY-MM-DD HH24:MI') as added
from market.instruments_as_of(:'as_of') as instrument
where :instrument_id in (0, instrument.instrument_id)
  and not exists (
    select
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.recorded_at <= :'as_of'::timestamptz
  )
  and not exists (
    select
    from market.price_data_history as closed
    where closed.instrument_id = instrument.instrument_id and closed.bar_interval = '1d'
      and closed.recorded_at <= :'as_of'::timestamptz and closed.closed_at > :'as_of'::timestamptz
  )
order by instrument.symbol
limit :lines;

\ir common/end.sql
