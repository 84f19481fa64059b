-- The body of a response as text.
create or replace function ingest.body_text(p_raw_response_id bigint) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body bytea;
begin
  select response.body into body from ingest.raw_response response where response.raw_response_id = p_raw_response_id;
  if body is null then
    raise exception using
      errcode = 'MB001',
      message = format('response %s does not exist or is a streamed file', p_raw_response_id),
      hint = 'The lines of a streamed file come from ingest.body_lines.';
  end if;
  return convert_from(body, 'UTF8');
exception
  when character_not_in_repertoire or untranslatable_character then
    raise exception using
      errcode = 'MB004',
      message = 'the body is not text in UTF-8',
      hint = 'The bytes are kept in ingest.raw_response.';
end
$$;

comment on function ingest.body_text(bigint) is
'The body of a response as text. MB004 when it is not UTF-8, MB001 when there is no such response or its bytes lie in ingest.raw_response_chunk.';

revoke all on function ingest.body_text(bigint) from public;
grant execute on function ingest.body_text(bigint) to marketbase_worker;
