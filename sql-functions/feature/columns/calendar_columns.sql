-- Where each bar lies in the calendar of its exchange: the columns that expressions over the calendar use.
create or replace function feature.calendar_columns(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  day_of_week double precision,
  day_of_month double precision,
  day_of_year double precision,
  week_of_year double precision,
  month double precision,
  quarter double precision,
  year double precision,
  session_of_week double precision,
  session_of_month double precision,
  session_of_quarter double precision,
  session_of_year double precision,
  sessions_to_week_end double precision,
  sessions_to_month_end double precision,
  sessions_to_quarter_end double precision,
  sessions_to_year_end double precision,
  is_month_start_session double precision,
  is_month_end_session double precision,
  is_quarter_end_session double precision,
  is_year_end_session double precision,
  session_length double precision,
  is_half_day double precision,
  days_since_previous_session double precision,
  days_to_next_session double precision,
  minutes_since_open double precision,
  minutes_to_close double precision
)
language sql stable parallel safe
rows 10000
begin atomic
  with bar as materialized (
    select closed.instrument_id, closed.ts, closed.session_date, closed.mic
    from feature.closing_bars(p_instrument_ids, p_bar_interval, p_from_ts, p_to_ts) as closed
  ), reach as (
    -- Whole years and the sessions around them, so that a day counts alike whichever bars are asked for; breaks do not matter.
    select mic, date_trunc('year', min(session_date))::date - 15 as from_date, (date_trunc('year', max(session_date)) + interval '1 year')::date + 14 as to_date
    from bar
    group by mic
  ), session as materialized (
    select
      hours.mic, hours.session_date, hours.open_at, hours.close_at, hours.is_half_day,
      row_number() over of_week as session_of_week, row_number() over of_month as session_of_month,
      row_number() over of_quarter as session_of_quarter, row_number() over of_year as session_of_year,
      count(*) over (partition by hours.mic, date_trunc('week', hours.session_date)) as sessions_of_week,
      count(*) over (partition by hours.mic, date_trunc('month', hours.session_date)) as sessions_of_month,
      count(*) over (partition by hours.mic, date_trunc('quarter', hours.session_date)) as sessions_of_quarter,
      count(*) over (partition by hours.mic, date_trunc('year', hours.session_date)) as sessions_of_year,
      hours.session_date - lag(hours.session_date) over in_order as days_since_previous,
      lead(hours.session_date) over in_order - hours.session_date as days_to_next
    from reach
    cross join lateral market.session_hours(reach.mic, reach.from_date, reach.to_date) as hours
    window
      in_order as (partition by hours.mic order by hours.session_date),
      of_week as (partition by hours.mic, date_trunc('week', hours.session_date) order by hours.session_date),
      of_month as (partition by hours.mic, date_trunc('month', hours.session_date) order by hours.session_date),
      of_quarter as (partition by hours.mic, date_trunc('quarter', hours.session_date) order by hours.session_date),
      of_year as (partition by hours.mic, date_trunc('year', hours.session_date) order by hours.session_date)
  )
  select
    bar.instrument_id, bar.ts,
    extract(isodow from bar.session_date), extract(day from bar.session_date), extract(doy from bar.session_date), extract(week from bar.session_date),
    extract(month from bar.session_date), extract(quarter from bar.session_date), extract(year from bar.session_date),
    session.session_of_week, session.session_of_month, session.session_of_quarter, session.session_of_year,
    session.sessions_of_week - session.session_of_week, session.sessions_of_month - session.session_of_month,
    session.sessions_of_quarter - session.session_of_quarter, session.sessions_of_year - session.session_of_year,
    (session.session_of_month = 1)::integer, (session.session_of_month = session.sessions_of_month)::integer,
    (session.session_of_quarter = session.sessions_of_quarter)::integer, (session.session_of_year = session.sessions_of_year)::integer,
    extract(epoch from session.close_at - session.open_at) / 60, session.is_half_day::integer, session.days_since_previous, session.days_to_next,
    case when market.bar_length(p_bar_interval) < interval '1 day' then extract(epoch from bar.ts - session.open_at) / 60 end,
    case when market.bar_length(p_bar_interval) < interval '1 day' then extract(epoch from session.close_at - bar.ts) / 60 end
  from bar
  left join session using (mic, session_date);
end;

comment on function feature.calendar_columns(bigint[], text, timestamptz[], timestamptz[]) is
'One row for each bar of length p_bar_interval of p_instrument_ids: where its session lies in the calendar of its exchange.
p_from_ts, p_to_ts: first and last bar of each instrument, as long as p_instrument_ids (NULL, or a NULL element: no limit).
day_of_week is 1 for Monday; week_of_year is that of ISO 8601; session_of_… counts sessions from 1, sessions_to_…_end gives how many come after this one, 0 for the last; is_… is 1 or 0; session_length in minutes.
minutes_since_open and minutes_to_close, from the start of the bar, are NULL for bars of a day or longer. NULL where the day is no session. Calendars are published years ahead, so that counting to the end of a month is no look-ahead,
except for closures that nobody could foresee: their days are not counted, as if the exchange had announced them.';

revoke all on function feature.calendar_columns(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.calendar_columns(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
