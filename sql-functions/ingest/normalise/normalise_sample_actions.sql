-- The splits and dividends that come with marketbase.
create or replace function ingest.normalise_sample_actions(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
begin atomic
  select ingest.read_actions_csv(response.raw_response_id, response.subject)
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id;
end;

comment on function ingest.normalise_sample_actions(bigint) is
'Fills ingest.candidate_action from a sample file, as ingest.read_actions_csv says; the subject is the symbol.';

revoke all on function ingest.normalise_sample_actions(bigint) from public;
grant execute on function ingest.normalise_sample_actions(bigint) to marketbase_worker;
