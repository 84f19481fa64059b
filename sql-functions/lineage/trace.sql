-- From any derived row back to the bodies that were fetched, in one call.
create or replace function lineage.trace(
  p_relation text,
  p_id bigint default null,
  p_symbol text default null,
  p_ts timestamptz default null
) returns setof lineage.trace_step
language sql stable parallel safe
begin atomic
  select step.* from lineage.trace_as_of(p_relation, statement_timestamp(), p_id, p_symbol, p_ts) as step order by step.position;
end;

comment on function lineage.trace(text, bigint, text, timestamptz) is
'The way from a row back to what was fetched: each station is followed by its sources, down to the bodies in ingest.raw_response with their sha256.
p_relation: ml.model_prediction, ml.model_training_run or risk.var_calculation with p_id; feature.feature_vector (p_id: version of the set, optional), market.price_data, market.company_fundamental (p_ts: end of period) or portfolio.portfolio_position (p_id: portfolio, optional) with p_symbol and p_ts.
Sources are the versions that were stored when the row was made, whatever was corrected since.
Errors: MB001 for another relation, MB002 when there is no such row.';

revoke all on function lineage.trace(text, bigint, text, timestamptz) from public;
grant execute on function lineage.trace(text, bigint, text, timestamptz) to marketbase_reader;
