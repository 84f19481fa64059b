-- A time as JSON writes it, whatever the time zone of the session.
create or replace function internal.iso_time(p_time timestamptz) returns text
language sql stable strict parallel safe
return to_char(p_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

comment on function internal.iso_time(timestamptz) is
'p_time in UTC as ISO 8601 and RFC 3339 write it, with microseconds, such as 2020-12-17T03:00:00.000000Z. NULL for NULL.';

revoke all on function internal.iso_time(timestamptz) from public;
grant execute on function internal.iso_time(timestamptz) to marketbase_worker;
