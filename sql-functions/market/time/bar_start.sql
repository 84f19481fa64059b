-- The first day of the week, month, quarter or year in which a date lies. Not strict and one expression, so that it is inlined.
create or replace function market.bar_start(p_length interval, p_date date, p_offset integer default 0) returns date
language sql immutable parallel safe
return case
  when p_length < interval '7 days' then p_date + p_offset
  when p_length = interval '7 days' then date_trunc('week', p_date::timestamp)::date + 7 * p_offset
  -- Back to the January, or that many months after it, with which the stretch begins.
  else (
    date_trunc('month', p_date::timestamp)
    - (extract(month from p_date)::integer - 1) % (extract(year from p_length) * 12 + extract(month from p_length))::integer * interval '1 month'
    + p_offset * p_length
  )::date
end;

comment on function market.bar_start(interval, date, integer) is
'First day of the day, week (from Monday), or 1, 3, 6 or 12 months of the calendar in which p_date lies, or of the one that many later as p_offset says. p_length: from market.bar_length; less than a day counts as a day.
NULL for NULL.';

revoke all on function market.bar_start(interval, date, integer) from public;
grant execute on function market.bar_start(interval, date, integer) to marketbase_reader;
