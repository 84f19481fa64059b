-- Step: predictions for new bars, and outcomes for those that have become known.
create or replace function pipeline.step_predict(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  held bigint[] := array(select held_back.instrument_id from quality.held_back where held_back.step = 'predict');
  predicted bigint;
  joined bigint;
begin
  select coalesce(sum(ml.predict(p_run_id, model.name, p_without => held)), 0) into predicted from ml.model model;
  -- a statement of its own, so that it sees the predictions just made
  joined := ml.join_outcomes(p_run_id);
  return (
    predicted, predicted + joined,
    jsonb_build_object('predictions', predicted, 'outcomes', joined),
    format('%s new predictions, %s outcomes joined', predicted, joined)
  );
end
$$;

comment on function pipeline.step_predict(bigint) is
'Predicts with the current training run of every model, but not for instruments that quality.held_back names, then joins the outcomes that are known by now; see ml.predict and ml.join_outcomes.';

revoke all on function pipeline.step_predict(bigint) from public;
grant execute on function pipeline.step_predict(bigint) to marketbase_worker;
