-- The first day of the week, month, quarter or year in which a date lies.
create or replace function market.bar_start(p_length interval, p_date date, p_offset integer default 0) returns date
language sql immutable strict parallel safe
begin atomic
  select case
    when span.months > 0 then (make_date(0001, 1, 1) + make_interval(months => (month.number / span.months + p_offset) * span.months))::date
    when p_length >= interval '7 days' then p_date - extract(isodow from p_date)::integer + 1 + 7 * p_offset
    else p_date + p_offset
  end
  from (select (extract(year from p_length) * 12 + extract(month from p_length))::integer as months) as span
  cross join (select (extract(year from p_date) * 12 + extract(month from p_date))::integer - 13 as number) as month;
end;

comment on function market.bar_start(interval, date, integer) is
'First day of the day, week (from Monday), or 1, 3, 6 or 12 months of the calendar in which p_date lies, or of the one that many later as p_offset says. p_length: from market.bar_length; less than a day counts as a day.
NULL for NULL.';

revoke all on function market.bar_start(interval, date, integer) from public;
grant execute on function market.bar_start(interval, date, integer) to marketbase_reader;
