-- Whether a text is a moment that is the same everywhere.
create or replace function search.is_instant(p_text text) returns boolean
language sql stable parallel safe
return p_text ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$' and pg_input_is_valid(p_text, 'timestamptz');

comment on function search.is_instant(text) is
'True where p_text is a date and time with its zone as in ISO 8601, such as 2014-06-09T09:30:00-04:00; NULL for NULL.';

revoke all on function search.is_instant(text) from public;
grant execute on function search.is_instant(text) to marketbase_worker;
