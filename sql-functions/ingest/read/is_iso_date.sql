-- Whether a text is a date that can only be read in one way.
create or replace function ingest.is_iso_date(p_text text) returns boolean
language sql stable parallel safe
return p_text like '____-__-__' and translate(p_text, '0123456789', '') = '--' and pg_input_is_valid(p_text, 'date');

comment on function ingest.is_iso_date(text) is
'True when the text is a date of the calendar written as YYYY-MM-DD, so that its meaning does not depend on a setting. NULL for NULL.';

revoke all on function ingest.is_iso_date(text) from public;
grant execute on function ingest.is_iso_date(text) to marketbase_worker;
