-- What is wrong with a document as it was sent.
create or replace function search.document_problem(p_item jsonb) returns text
language sql stable parallel safe
return case
  when jsonb_typeof(p_item) is distinct from 'object' then 'it is not a JSON object'
  when coalesce(btrim(p_item ->> 'title'), '') = '' then 'title is missing'
  when coalesce(btrim(p_item ->> 'body'), '') = '' then 'body is missing'
  when jsonb_typeof(p_item -> 'title') <> 'string' or jsonb_typeof(p_item -> 'body') <> 'string' then 'title and body must be texts'
  when p_item ->> 'published_at' is null then 'published_at is missing'
  when not search.is_instant(p_item ->> 'published_at')
    then format('published_at "%s" is not a time with its zone, such as 2014-06-09T09:30:00-04:00', left(p_item ->> 'published_at', 40))
  when p_item ->> 'known_from' is not null and not search.is_instant(p_item ->> 'known_from')
    then format('known_from "%s" is not a time with its zone, such as 2014-06-09T09:30:00-04:00', left(p_item ->> 'known_from', 40))
  when (p_item ->> 'known_from')::timestamptz < (p_item ->> 'published_at')::timestamptz then 'known_from lies before published_at'
  when (p_item ->> 'published_at')::timestamptz > now() then 'published_at lies in the future'
  when p_item ->> 'source_url' is not null and p_item ->> 'source_url' !~ '^https?://[^\s/]+\S*$'
    then format('source_url "%s" is not an address', left(p_item ->> 'source_url', 80))
  when p_item ->> 'language' is not null and not pg_input_is_valid(p_item ->> 'language', 'regconfig')
    then format('language "%s" is not a text search configuration, such as english', left(p_item ->> 'language', 40))
end;

comment on function search.document_problem(jsonb) is
'What is wrong with a document as search.record_documents reads it, in words; NULL where nothing is.';

revoke all on function search.document_problem(jsonb) from public;
grant execute on function search.document_problem(jsonb) to marketbase_worker;
