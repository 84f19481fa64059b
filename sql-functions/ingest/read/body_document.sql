-- The body of a response as a JSON object or list, or a sentence that says what it is instead.
create or replace function ingest.body_document(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text := ingest.body_text(p_raw_response_id);
  document jsonb;
  detail text;
begin
  begin
    document := body::jsonb;
  exception
    when data_exception or program_limit_exceeded then
      get stacked diagnostics detail = pg_exception_detail;
      detail := coalesce(nullif(detail, ''), sqlerrm);
  end;
  if jsonb_typeof(document) in ('object', 'array') then
    return document;
  end if;

  perform ingest.require_success(p_raw_response_id);
  raise exception using
    errcode = 'MB004',
    message = case
      when body ~ '^\s*$' then 'the body is empty'
      when document is not null then format('the body is the JSON value %s, not an object', left(document::text, 40))
      when body ~ '^\s*<' then 'the body is a page of HTML or XML, not JSON'
      else format('the body is not JSON: %s', rtrim(detail, '.'))
    end,
    hint = 'The bytes are kept in ingest.raw_response.';
end
$$;

comment on function ingest.body_document(bigint) is
'The body of a response as a JSON object or list, whatever its status, because errors come so too. MB004 with the cause when it is something else: empty, HTML, truncated, NaN, null; or with the status when that says failure.';

revoke all on function ingest.body_document(bigint) from public;
grant execute on function ingest.body_document(bigint) to marketbase_worker;
