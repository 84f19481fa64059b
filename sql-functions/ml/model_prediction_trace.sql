-- The trace of a prediction as a field of it, so that one GraphQL query has both.
create or replace function ml.model_prediction_trace(p_prediction ml.model_prediction) returns setof lineage.trace_step
language sql stable parallel safe
begin atomic
  select trace.* from lineage.trace('ml.model_prediction', p_prediction.model_prediction_id) as trace;
end;

comment on function ml.model_prediction_trace(ml.model_prediction) is
'The way from this prediction back to the bodies that were fetched, as lineage.trace gives it; no rows for NULL.';

revoke all on function ml.model_prediction_trace(ml.model_prediction) from public;
grant execute on function ml.model_prediction_trace(ml.model_prediction) to marketbase_reader;
