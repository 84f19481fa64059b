-- The provider said an error: its own words are the reason.
create or replace function ingest.refuse_error(p_raw_response_id bigint, p_words text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select
    provider.provider, provider.title, raw_response.status, ingest.limit_wait(provider.provider, raw_response.status, p_words) as wait
  into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;
  raise exception using
    errcode = case when response.wait is null then 'MB010' else 'MB011' end,
    message = format('%s says: %s', response.title, left(coalesce(nullif(btrim(regexp_replace(p_words, '\s+', ' ', 'g'), ' ."'), ''), 'an error without words'), 300)),
    detail = case when response.wait is null then '' else format('It wants to be left alone for %s seconds.', ceil(extract(epoch from response.wait))) end,
    hint = ingest.status_advice(response.provider, response.status, p_words);
end
$$;

comment on function ingest.refuse_error(bigint, text) is
'Raises MB010 with what the provider said in the body of a response (p_words, shortened to 300 characters) and with what to do about it; MB011 when that is
to wait (ingest.limit_wait), with the seconds in the detail.';

revoke all on function ingest.refuse_error(bigint, text) from public;
grant execute on function ingest.refuse_error(bigint, text) to marketbase_worker;
