-- A body about something else than what was asked for is not taken.
create or replace function ingest.require_symbol(p_raw_response_id bigint, p_symbol text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  asked text := (select response.subject from ingest.raw_response response where response.raw_response_id = p_raw_response_id);
begin
  if ingest.plain_symbol(p_symbol) is distinct from ingest.plain_symbol(asked) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(left(p_symbol, 80), 'no symbol'), asked),
      hint = 'The symbol may have been renamed: ask for the new one.';
  end if;
end
$$;

comment on function ingest.require_symbol(bigint, text) is
'Does nothing when p_symbol, as a body names it, means the subject of the response (ingest.plain_symbol); MB004 otherwise, and for NULL.';

revoke all on function ingest.require_symbol(bigint, text) from public;
grant execute on function ingest.require_symbol(bigint, text) to marketbase_worker;
