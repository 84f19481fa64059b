-- "The third Monday of January", as holidays are defined.
create or replace function market.nth_weekday(p_year integer, p_month integer, p_isodow integer, p_n integer) returns date
language sql immutable strict parallel safe
begin atomic
  select case
    when p_n > 0 then month.first_day + (p_isodow - extract(isodow from month.first_day)::integer + 7) % 7 + 7 * (p_n - 1)
    else month.last_day - (extract(isodow from month.last_day)::integer - p_isodow + 7) % 7 + 7 * (p_n + 1)
  end
  from (
    select make_date(p_year, p_month, 1) as first_day, (make_date(p_year, p_month, 1) + interval '1 month' - interval '1 day')::date as last_day
  ) as month;
end;

comment on function market.nth_weekday(integer, integer, integer, integer) is
'The n-th given weekday of a month: p_isodow is 1 for Monday to 7 for Sunday, p_n counts from 1, or from -1 back from the end of the month. NULL for NULL.';

revoke all on function market.nth_weekday(integer, integer, integer, integer) from public;
grant execute on function market.nth_weekday(integer, integer, integer, integer) to marketbase_reader;
