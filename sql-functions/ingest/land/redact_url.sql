-- Keys and tokens never reach a table.
create or replace function ingest.redact_url(p_url text) returns text
language sql immutable strict parallel safe
return regexp_replace(
  regexp_replace(p_url, '^([a-z][a-z0-9+.-]*://)[^/?#@]*@', '\1', 'i'),
  '([?&;#](?:[^=&;#]*(?:key|token|secret|passw|signature|crumb|auth|session|credential)[^=&;#]*|sig|pwd|sid)=)[^&;#]*', '\1REDACTED', 'gi'
);

comment on function ingest.redact_url(text) is
'A URL without user and password, and with REDACTED in place of the value of every parameter whose name speaks of a key, token, secret, password, signature, crumb, session or credential. NULL for NULL.';

revoke all on function ingest.redact_url(text) from public;
grant execute on function ingest.redact_url(text) to marketbase_reader;
