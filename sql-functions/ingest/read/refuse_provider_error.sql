-- What a provider says went wrong is passed on in its own words, whatever the status.
create or replace function ingest.refuse_provider_error(p_raw_response_id bigint, p_document jsonb) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  said text;
begin
  if jsonb_typeof(p_document) = 'object' then
    select btrim(p_document ->> key) into said
    from unnest('{Error Message,Note,Information,error_message,error,detail,message}'::text[]) with ordinality as known (key, position)
    where jsonb_typeof(p_document -> key) = 'string' and btrim(p_document ->> key) <> ''
    order by position
    limit 1;
  end if;
  if said is not null then
    perform ingest.refuse_error(p_raw_response_id, said);
  end if;
  perform ingest.require_success(p_raw_response_id);
end
$$;

comment on function ingest.refuse_provider_error(bigint, jsonb) is
'ingest.refuse_error with the provider''s own words when the document, an object, has one of the keys Error Message, Note, Information, error_message, error, detail or message with a text; MB004 with the status when that says failure. Else does nothing.';

revoke all on function ingest.refuse_provider_error(bigint, jsonb) from public;
grant execute on function ingest.refuse_provider_error(bigint, jsonb) to marketbase_worker;
