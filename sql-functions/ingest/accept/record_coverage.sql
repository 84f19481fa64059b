-- Remembers for which time a body answered, so that what it lacks counts as late when it comes.
create or replace function ingest.record_coverage(p_raw_response_id bigint) returns void
language sql volatile parallel unsafe
begin atomic
  insert into ingest.bar_coverage as known (instrument_id, bar_interval, raw_response_id, provider, fetched_at, covered_from, covered_until)
  select held.instrument_id, held.bar_interval, p_raw_response_id, response.provider, response.fetched_at, held.first_ts, answered.until
  from (
    select candidate.instrument_id, candidate.bar_interval, min(candidate.ts) as first_ts, max(candidate.ts) as last_ts
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    group by candidate.instrument_id, candidate.bar_interval
  ) as held
  join ingest.raw_response response on response.raw_response_id = p_raw_response_id
  cross join lateral (
    select ingest.covered_until(held.bar_interval, held.last_ts, coalesce(response.covers_until, response.fetched_at), response.fetched_at) as until
  ) as answered
  -- Nobody can answer for bars that begin after the question.
  where answered.until >= held.first_ts
  on conflict (instrument_id, bar_interval, raw_response_id) do update
  set covered_from = excluded.covered_from
  where known.covered_from > excluded.covered_from;
end;

comment on function ingest.record_coverage(bigint) is
'Stores in ingest.bar_coverage for which time the body answered, of each instrument and length among its candidates. A body that is read again, or of which a row is released from quarantine, keeps until when it answered and answered from no later than before. No row for NULL.';

revoke all on function ingest.record_coverage(bigint) from public;
grant execute on function ingest.record_coverage(bigint) to marketbase_worker;
