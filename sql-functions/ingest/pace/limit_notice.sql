-- A body that only says that the limit is used up, whatever its status.
create or replace function ingest.limit_notice(p_provider text, p_status integer, p_body bytea, out words text, out wait interval)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text;
  document jsonb;
  status integer := p_status;
begin
  body := convert_from(p_body, 'UTF8');
  if body is json object or body is json array then
    document := body::jsonb;
    select string_agg(said.text, ' ') into words
    from (
      select part.key, part.value #>> '{}' as text
      from jsonb_each(case when jsonb_typeof(document) = 'object' then document else '{}' end) as part
      where part.key in ('Error Message', 'Note', 'Information', 'error_message', 'detail', 'message', 'msg') and jsonb_typeof(part.value) = 'string'
      union all
      select 'error', item.value #>> '{}'
      from jsonb_path_query(coalesce(document -> 'error', document #> '{chart,error}', document #> '{finance,error}'), 'lax $.**') as item (value)
      where jsonb_typeof(item.value) = 'string'
      union all
      select 'item', element.value #>> '{}'
      from jsonb_array_elements(case when jsonb_typeof(document) = 'array' then document else '[]' end) as element
      where jsonb_typeof(element.value) = 'string'
    ) as said;
    if jsonb_typeof(document -> 'code') = 'number' and document ->> 'code' in ('418', '425', '429') then
      status := (document ->> 'code')::integer;
    end if;
  else
    -- A page, or a line of text; of a file only the header is looked at.
    words := case when body ~ '^\s*<' then regexp_replace(body, '<[^>]*>', ' ', 'g') else split_part(btrim(body, e' \t\r\n\ufeff'), e'\n', 1) end;
  end if;
  words := left(btrim(regexp_replace(words, '\s+', ' ', 'g')), 300);
  wait := ingest.limit_wait(p_provider, status, words);
exception
  when data_exception or program_limit_exceeded then
    null;
end
$$;

comment on function ingest.limit_notice(text, integer, bytea) is
'What p_provider says (words, up to 300 characters) and how long it wants to be left alone (wait) when a body that it sent with p_status is no data but the word that its limit is used up: the texts under the names of errors in JSON, a page, or a first line.
wait is NULL for any other body, also for one that cannot be read. For small bodies: data are not looked through.';

revoke all on function ingest.limit_notice(text, integer, bytea) from public;
grant execute on function ingest.limit_notice(text, integer, bytea) to marketbase_worker;
