-- A status that says failure is the end of it, whatever the body looks like.
create or replace function ingest.require_success(p_raw_response_id bigint) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select
    raw_response.provider, raw_response.subject, raw_response.status,
    ingest.limit_wait(raw_response.provider, raw_response.status, null) is not null as is_limit
  into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if response.status not between 200 and 299 then
    raise exception using
      errcode = case when response.is_limit then 'MB011' else 'MB004' end,
      message = format('%s answered with status %s for %s', response.provider, response.status, response.subject),
      hint = ingest.status_advice(response.provider, response.status);
  end if;
end
$$;

comment on function ingest.require_success(bigint) is
'Does nothing when the status of the response is 2xx; otherwise MB011 when the status speaks of a limit, else MB004, with the status and what to do about it.';

revoke all on function ingest.require_success(bigint) from public;
grant execute on function ingest.require_success(bigint) to marketbase_worker;
