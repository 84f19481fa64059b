-- When New York closes early, and at what time.
create or replace function market.xnys_early_close(p_date date) returns time
language sql immutable strict parallel safe
begin atomic
  select case
    when p_date in ('1997-12-26', '1999-12-31', '2003-12-26') then time '13:00'
    -- The eve of Christmas, and since 1992 the day after Thanksgiving; until 1992 at two o'clock.
    when d.month = 12 and d.day = 24
      or d.year >= 1992 and p_date = market.nth_weekday(d.year, 11, 4, 4) + 1
      then case when d.year <= 1992 then time '14:00' else time '13:00' end
    -- The eve of Independence Day since 1995, except that until 2012 a Wednesday was full and the Friday after the holiday short.
    when d.year >= 1995 and d.month = 7 and d.day = 3 and (d.isodow in (1, 2, 4) or d.isodow = 3 and d.year >= 2013) then time '13:00'
    when d.year between 1995 and 2012 and d.month = 7 and d.day = 5 and d.isodow = 5 then time '13:00'
  end
  from (
    select
      extract(year from p_date)::integer as year,
      extract(month from p_date)::integer as month,
      extract(day from p_date)::integer as day,
      extract(isodow from p_date)::integer as isodow
  ) as d;
end;

comment on function market.xnys_early_close(date) is
'The local time, New York, at which the exchange closes early if the date is one of its sessions; NULL when it closes at 16:00, and for NULL. Good from 1990.';

revoke all on function market.xnys_early_close(date) from public;
grant execute on function market.xnys_early_close(date) to marketbase_reader;
