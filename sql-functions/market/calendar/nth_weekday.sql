-- "The third Monday of January", as holidays are defined.
create or replace function market.nth_weekday(p_year integer, p_month integer, p_isodow integer, p_n integer) returns date
language sql immutable strict parallel safe
return make_date(p_year, p_month, 1)
  + (p_isodow - extract(isodow from make_date(p_year, p_month, 1))::integer + 7) % 7
  + 7 * (p_n - 1);

comment on function market.nth_weekday(integer, integer, integer, integer) is
'The n-th given weekday of a month: p_isodow is 1 for Monday to 7 for Sunday, p_n counts from 1. NULL for NULL.';

revoke all on function market.nth_weekday(integer, integer, integer, integer) from public;
grant execute on function market.nth_weekday(integer, integer, integer, integer) to marketbase_reader;
