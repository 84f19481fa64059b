-- Whether a text is a number that a bar can hold.
create or replace function ingest.is_finite_number(p_text text) returns boolean
language sql stable parallel safe
-- float8 reads NaN, Infinity and hexadecimal too; the characters leave them out. A pattern would cost ten times as much.
return ltrim(p_text, '0123456789.eE+-') = '' and pg_input_is_valid(p_text, 'float8');

comment on function ingest.is_finite_number(text) is
'True when the text is a decimal number within the range of double precision; NaN, Infinity and 1e400 are not. NULL for NULL.';

revoke all on function ingest.is_finite_number(text) from public;
grant execute on function ingest.is_finite_number(text) to marketbase_worker;
