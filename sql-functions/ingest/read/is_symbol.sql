-- Whether a text can be the symbol of an instrument.
create or replace function ingest.is_symbol(p_text text) returns boolean
language sql immutable parallel safe
return p_text ~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$';

comment on function ingest.is_symbol(text) is
'True when the text has up to 32 capitals, digits and . ^ = / _ -, and begins with a letter, a digit, ^ or =. NULL for NULL.';

revoke all on function ingest.is_symbol(text) from public;
grant execute on function ingest.is_symbol(text) to marketbase_worker;
