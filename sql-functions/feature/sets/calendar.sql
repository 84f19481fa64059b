-- Where a session lies in the week, the month, the quarter and the year.
select feature.define_set(
  'calendar',
  'The place of the session in the calendar of its exchange: weekday, month, how many sessions of the week, month and quarter have been and are to come, half days and holidays around it.',
  array[
    ('day_of_week', 'day_of_week', 'Weekday, 1 for Monday to 5 for Friday.'),
    ('day_of_month', 'day_of_month', 'Day of the month, 1 to 31.'),
    ('week_of_year', 'week_of_year', 'Week of the year by ISO 8601.'),
    ('month', 'month', 'Month, 1 to 12.'),
    ('quarter', 'quarter', 'Quarter, 1 to 4.'),
    ('session_of_month', 'session_of_month', 'Sessions of the month up to this one, from 1.'),
    ('sessions_to_month_end', 'sessions_to_month_end', 'Sessions of the month after this one; 0 for the last.'),
    ('sessions_to_quarter_end', 'sessions_to_quarter_end', 'Sessions of the quarter after this one; 0 for the last.'),
    ('is_month_start_session', 'is_month_start_session', '1 for the first session of a month, else 0.'),
    ('is_month_end_session', 'is_month_end_session', '1 for the last session of a month, else 0.'),
    ('is_quarter_end_session', 'is_quarter_end_session', '1 for the last session of a quarter, else 0.'),
    ('is_year_end_session', 'is_year_end_session', '1 for the last session of a year, else 0.'),
    ('turn_of_month', 'case when sessions_to_month_end = 0 or session_of_month <= 3 then 1 else 0 end', '1 for the last session of a month and the first three, between which Lakonishok and Smidt (1988) found the returns; else 0.'),
    ('session_length', 'session_length', 'Length of the session in minutes.'),
    ('is_half_day', 'is_half_day', '1 where the exchange closes early, else 0.'),
    ('days_since_previous_session', 'days_since_previous_session', 'Calendar days since the session before: 1 on most days, 3 on most Mondays.'),
    ('days_to_next_session', 'days_to_next_session', 'Calendar days until the next session.'),
    ('is_before_holiday', 'case when days_to_next_session > case when day_of_week = 5 then 3 else 1 end then 1 else 0 end', '1 where a holiday comes before the next session, else 0.')
  ]::feature.definition[],
  '1d',
  false
);
