-- The body of a response as a JSON object, or a sentence that says what it is instead.
create or replace function ingest.body_json(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
begin
  if jsonb_typeof(document) = 'object' then
    return document;
  end if;
  perform ingest.require_success(p_raw_response_id);
  raise exception using
    errcode = 'MB004',
    message = format('the body is the JSON value %s, not an object', left(document::text, 40)),
    hint = 'The bytes are kept in ingest.raw_response.';
end
$$;

comment on function ingest.body_json(bigint) is
'The body of a response as a JSON object, whatever its status, because errors come as objects too. MB004 with the cause when it is something else: empty, HTML, truncated, NaN, null, a list; or with the status when that says failure.';

revoke all on function ingest.body_json(bigint) from public;
grant execute on function ingest.body_json(bigint) to marketbase_worker;
