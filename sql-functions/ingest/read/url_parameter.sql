-- What was asked for, where the answer does not repeat it.
create or replace function ingest.url_parameter(p_url text, p_name text) returns text
language sql immutable strict parallel safe
return substring(p_url from '[?&]' || p_name || '=([^&#]*)');

comment on function ingest.url_parameter(text, text) is
'The value of the parameter p_name (letters, digits and _ only) in a URL, as it is written there. NULL when it has none, and for NULL.';

revoke all on function ingest.url_parameter(text, text) from public;
grant execute on function ingest.url_parameter(text, text) to marketbase_worker;
