-- Weekdays on which New York does not trade: the holidays by rule, and the closures that no rule foresaw.
create or replace function market.xnys_holidays(p_year integer) returns setof date
language sql immutable strict parallel safe
begin atomic
  -- A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after.
  -- Only New Year's Day is not kept on the Friday before: that would be the last day of the old year.
  with fixed (holiday) as (
    select make_date(p_year, 1, 1) where extract(isodow from make_date(p_year, 1, 1)) <> 6
    union all
    select make_date(p_year, 6, 19) where p_year >= 2022
    union all
    select make_date(p_year, 7, 4)
    union all
    select make_date(p_year, 12, 25)
  )
  select case extract(isodow from holiday) when 6 then holiday - 1 when 7 then holiday + 1 else holiday end from fixed
  union all
  select market.nth_weekday(p_year, 1, 1, 3) where p_year >= 1998
  union all
  select market.nth_weekday(p_year, 2, 1, 3)
  union all
  select market.easter_sunday(p_year) - 2
  union all
  select market.nth_weekday(p_year, 6, 1, 1) - 7
  union all
  select market.nth_weekday(p_year, 9, 1, 1)
  union all
  select market.nth_weekday(p_year, 11, 4, 4)
  union all
  select closure
  from unnest(array[
    date '1985-09-27',                                                        -- hurricane Gloria
    date '1994-04-27', date '2004-06-11', date '2007-01-02', date '2018-12-05', date '2025-01-09', -- mourning for a president
    date '2001-09-11', date '2001-09-12', date '2001-09-13', date '2001-09-14',
    date '2012-10-29', date '2012-10-30'                                      -- hurricane Sandy
  ]) as closure
  where extract(year from closure) = p_year;
end;

comment on function market.xnys_holidays(integer) is
'Weekdays of a year, from 1986, on which the New York Stock Exchange was or will be closed all day: New Year''s Day, Martin Luther King Day (since 1998), Washington''s Birthday, Good Friday, Memorial Day,
Juneteenth (since 2022), Independence Day, Labor Day, Thanksgiving, Christmas, and the closures outside the rules. NULL gives no row.';

revoke all on function market.xnys_holidays(integer) from public;
grant execute on function market.xnys_holidays(integer) to marketbase_reader;
