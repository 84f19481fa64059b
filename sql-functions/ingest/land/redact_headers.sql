-- Cookies and credentials never reach a table.
create or replace function ingest.redact_headers(p_headers jsonb) returns jsonb
language sql immutable parallel safe
begin atomic
  select coalesce(jsonb_object_agg(lower(header.name), header.value), '{}')
  from jsonb_each(p_headers) as header (name, value)
  where header.name !~* '(cookie|authenticat|authoriz|key|token|secret|session|credential|csrf|crumb)';
end;

comment on function ingest.redact_headers(jsonb) is
'Headers, a JSON object, with their names in lower case and without cookies, authorisation, keys, tokens and sessions. An empty object for NULL.';

revoke all on function ingest.redact_headers(jsonb) from public;
grant execute on function ingest.redact_headers(jsonb) to marketbase_reader;
