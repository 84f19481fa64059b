-- The name of a length of bars in minutes.
create or replace function market.bar_interval_of(p_minutes bigint) returns text
language sql immutable strict parallel safe
return case
  when p_minutes = 10080 then '1w'
  when p_minutes between 1440 and 43200 and p_minutes % 1440 = 0 then (p_minutes / 1440) || 'd'
  when p_minutes between 60 and 1439 and p_minutes % 60 = 0 then (p_minutes / 60) || 'h'
  when p_minutes between 1 and 1439 then p_minutes || 'm'
end;

comment on function market.bar_interval_of(bigint) is
'The name of bars of that many minutes: 1m, 90m, 1h, 1d, 3d, 1w. NULL when it is not between a minute and a day, or whole days up to 30; and for NULL.';

revoke all on function market.bar_interval_of(bigint) from public;
grant execute on function market.bar_interval_of(bigint) to marketbase_reader;
