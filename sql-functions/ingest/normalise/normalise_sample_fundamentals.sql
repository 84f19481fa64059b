-- The fundamentals that come with marketbase, in the SEC's shape.
create or replace function ingest.normalise_sample_fundamentals(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
return ingest.normalise_sec_fundamentals(p_raw_response_id);

comment on function ingest.normalise_sample_fundamentals(bigint) is
'Fills ingest.candidate_fact from the sample file, which has the shape of the SEC''s companyfacts: ingest.normalise_sec_fundamentals says how and with which errors.';

revoke all on function ingest.normalise_sample_fundamentals(bigint) from public;
grant execute on function ingest.normalise_sample_fundamentals(bigint) to marketbase_worker;
