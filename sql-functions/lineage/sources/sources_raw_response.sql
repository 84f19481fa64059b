-- Rows that were read from a body end there: its sha256 is the end of every trace.
create or replace function lineage.sources_raw_response(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  with released as (
    select
      'ingest.quarantine', refused.quarantine_id, refused.instrument_id, null::bigint, refused.raw_response_id, refused.ts, refused.ts, 1::bigint,
      format('released by %s: %s', release.decided_by, release.reason), 'pipeline.release_quarantined', release.run_id, release.recorded_at,
      null::text, null::text
    from ingest.quarantine_release as release
    join ingest.quarantine as refused using (quarantine_id)
    where p_node.relation <> 'ingest.quarantine' and release.run_id = p_node.run_id and refused.raw_response_id = p_node.raw_response_id
  )
  select * from released
  union all
  select
    'ingest.raw_response', response.raw_response_id, null, null, null, response.fetched_at, response.fetched_at,
    1, response.provider || ' ' || response.dataset, format('%s %s', response.method, response.status),
    response.run_id, response.recorded_at, response.sha256, response.url
  from ingest.raw_response as response
  where response.raw_response_id = p_node.raw_response_id and not exists (select from released);
end;

comment on function lineage.sources_raw_response(lineage.node) is
'Source of rows that were read from a body (bars, facts, trades, documents): the body p_node.raw_response_id with its sha256. Between a row that was released from quarantine and its body stands the release, with who and why as its version.';

revoke all on function lineage.sources_raw_response(lineage.node) from public;
grant execute on function lineage.sources_raw_response(lineage.node) to marketbase_reader;
