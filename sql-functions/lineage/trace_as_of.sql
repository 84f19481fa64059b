-- From a row as it was stored at a moment back to the bodies that were fetched.
create or replace function lineage.trace_as_of(
  p_relation text,
  p_as_of timestamptz,
  p_id bigint default null,
  p_symbol text default null,
  p_ts timestamptz default null
) returns setof lineage.trace_step
language sql stable parallel safe
begin atomic
  with recursive walk (node, depth, path) as (
    select root.node, 0, array[root.place]
    from (
      select (r.relation, r.id, r.instrument_id, r.feature_set_version_id, r.raw_response_id, r.from_ts, r.to_ts, r.row_count,
        r.version, r.transformation, r.run_id, r.recorded_at, r.sha256, r.url)::lineage.node as node, r.place
      from rows from (lineage.roots(p_relation, p_id, p_symbol, p_ts, p_as_of)) with ordinality
        as r (relation, id, instrument_id, feature_set_version_id, raw_response_id, from_ts, to_ts, row_count,
          version, transformation, run_id, recorded_at, sha256, url, place)
    ) root
    union all
    select
      (s.relation, s.id, s.instrument_id, s.feature_set_version_id, s.raw_response_id, s.from_ts, s.to_ts, s.row_count,
        s.version, s.transformation, s.run_id, s.recorded_at, s.sha256, s.url)::lineage.node,
      walk.depth + 1, walk.path || s.place
    from walk
    cross join lateral rows from (lineage.sources(walk.node)) with ordinality
      as s (relation, id, instrument_id, feature_set_version_id, raw_response_id, from_ts, to_ts, row_count,
        version, transformation, run_id, recorded_at, sha256, url, place)
    where (walk.node).relation <> 'ingest.raw_response'
  )
  select
    (row_number() over (order by walk.path))::integer, walk.depth, (walk.node).relation, (walk.node).id, instrument.symbol,
    (walk.node).from_ts, (walk.node).to_ts, (walk.node).row_count, (walk.node).version, (walk.node).transformation,
    (walk.node).run_id, (walk.node).recorded_at, (walk.node).sha256, (walk.node).url
  from walk
  left join market.instrument instrument on instrument.instrument_id = (walk.node).instrument_id
  order by walk.path;
end;

comment on function lineage.trace_as_of(text, timestamptz, bigint, text, timestamptz) is
'lineage.trace from the version of the row that was stored at p_as_of: of bars, facts and vectors the one of then, whatever was corrected since; what keeps no versions (positions, values at risk) as it is, if it was there by then.
Errors: MB001 for a relation that cannot be traced, MB002 when there was no such row.';

revoke all on function lineage.trace_as_of(text, timestamptz, bigint, text, timestamptz) from public;
grant execute on function lineage.trace_as_of(text, timestamptz, bigint, text, timestamptz) to marketbase_reader;
