-- The date of Easter, on which Good Friday depends.
create or replace function market.easter_sunday(p_year integer) returns date
language sql immutable strict parallel safe
begin atomic
  select make_date(p_year, s.n / 31, s.n % 31 + 1)
  from (select p_year % 19 as a, p_year / 100 as b, p_year % 100 as c) as y
  cross join lateral (select (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30 as h) as epact
  cross join lateral (select (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7 as l) as weekday
  cross join lateral (select h + l - 7 * ((a + 11 * h + 22 * l) / 451) + 114 as n) as s;
end;

comment on function market.easter_sunday(integer) is
'Easter Sunday of a year in the Gregorian calendar, by the anonymous algorithm that Meeus gives in Astronomical Algorithms. NULL for NULL.';

revoke all on function market.easter_sunday(integer) from public;
grant execute on function market.easter_sunday(integer) to marketbase_reader;
