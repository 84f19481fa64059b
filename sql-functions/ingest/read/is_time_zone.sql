-- Whether a text is the name of a time zone.
create or replace function ingest.is_time_zone(p_text text) returns boolean
language sql stable parallel safe
-- The view of all names opens 600 files, which takes longer than to read the bars of a year: the zones of the exchanges come first.
return exists (select from market.exchange where exchange.time_zone = p_text)
  or exists (select from pg_catalog.pg_timezone_names as zone where zone.name = p_text);

comment on function ingest.is_time_zone(text) is
'True when the text is the full name of a time zone of the IANA database, as America/New_York. False for NULL.';

revoke all on function ingest.is_time_zone(text) from public;
grant execute on function ingest.is_time_zone(text) to marketbase_worker;
