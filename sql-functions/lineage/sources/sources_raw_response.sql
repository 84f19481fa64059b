-- Rows that were read from a body end there: its sha256 is the end of every trace.
create or replace function lineage.sources_raw_response(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'ingest.raw_response', response.raw_response_id, null::bigint, null::bigint, null::bigint, response.fetched_at, response.fetched_at,
    1::bigint, response.provider || ' ' || response.dataset, format('%s %s', response.method, response.status),
    response.run_id, response.recorded_at, response.sha256, response.url
  from ingest.raw_response response
  where response.raw_response_id = p_node.raw_response_id;
end;

comment on function lineage.sources_raw_response(lineage.node) is
'Source of rows that were read from a body (bars, facts, trades, documents): the body p_node.raw_response_id with its sha256.';

revoke all on function lineage.sources_raw_response(lineage.node) from public;
grant execute on function lineage.sources_raw_response(lineage.node) to marketbase_reader;
