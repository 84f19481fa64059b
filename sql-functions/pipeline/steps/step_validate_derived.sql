-- Step: the rules on what was computed.
create or replace function pipeline.step_validate_derived(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  outcome pipeline.step_outcome;
begin
  perform quality.validate(p_run_id, null, null, quality.step_datasets(true));
  outcome := pipeline.validation_outcome(p_run_id);
  return outcome;
end
$$;

comment on function pipeline.step_validate_derived(bigint) is
'Applies the rules on feature vectors, predictions and what else was computed (quality.step_datasets) to all that is there; see quality.validate.';

revoke all on function pipeline.step_validate_derived(bigint) from public;
grant execute on function pipeline.step_validate_derived(bigint) to marketbase_worker;
