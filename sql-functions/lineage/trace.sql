-- From any derived row back to the bodies that were fetched, in one call.
create or replace function lineage.trace(
  p_relation text,
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
      from rows from (lineage.roots(p_relation, p_id, p_symbol, p_ts)) with ordinality
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

comment on function lineage.trace(text, bigint, text, timestamptz) is
'The way from a row back to what was fetched: each station is followed by its sources, down to the bodies in ingest.raw_response with their sha256.
p_relation: ml.model_prediction, ml.model_training_run or risk.var_calculation with p_id; feature.feature_vector, market.price_data, market.company_fundamental (p_ts: end of period) or portfolio.portfolio_position (p_id: portfolio, optional) with p_symbol and p_ts.
Sources are the versions that were stored when the row was made, whatever was corrected since.
Errors: MB001 for another relation, MB002 when there is no such row.';

revoke all on function lineage.trace(text, bigint, text, timestamptz) from public;
grant execute on function lineage.trace(text, bigint, text, timestamptz) to marketbase_reader;
