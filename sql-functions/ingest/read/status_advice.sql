-- What to do about a status or the words of a provider.
create or replace function ingest.status_advice(p_provider text, p_status integer, p_words text default '') returns text
language sql stable parallel safe
begin atomic
  select case
    when ingest.limit_wait(p_provider, p_status, p_words) is not null then
      'The limit of the provider is used up: ask again later, or less often.'
    when p_status in (401, 402, 403, 407) or p_words ~* '(api ?-?key|token|credential|unauthori[sz]ed|not authori[sz]ed|permission|entitled|premium|subscri|your plan)' then
      coalesce(
        'Check the key in ' || (select provider.api_key_variable from ingest.provider where provider.provider = p_provider) || ' and what its plan allows.',
        'The provider does not want to be asked from here, or not in this way.')
    when p_status = 451 then 'The provider does not answer requests from this country.'
    when p_status in (400, 404, 410, 422) then 'Check the symbol, the dates and the length of the bars.'
    when p_status between 300 and 399 then 'The address has moved: the provider has to be asked at another one.'
    when p_status >= 500 then 'The server of the provider failed: ask again later.'
    when p_words <> '' then 'Check the symbol, the dates and the length of the bars.'
    else 'The body is kept in ingest.raw_response.'
  end;
end;

comment on function ingest.status_advice(text, integer, text) is
'What somebody can do about an answer of p_provider with the HTTP status p_status or the words p_words: wait, look after the key, look after the symbol. Never NULL.';

revoke all on function ingest.status_advice(text, integer, text) from public;
grant execute on function ingest.status_advice(text, integer, text) to marketbase_worker;
