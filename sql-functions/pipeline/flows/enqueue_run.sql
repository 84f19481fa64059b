-- Hands a queued run to the workers; the job key makes a second call harmless.
create or replace function pipeline.enqueue_run(p_run_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform graphile_worker.add_job(
    identifier := step.task,
    payload := json_build_object('runId', p_run_id),
    max_attempts := 5,
    job_key := 'run:' || p_run_id,
    job_key_mode := 'preserve_run_at'
  )
  from pipeline.pipeline_run run
  join pipeline.flow_step step on step.flow = run.flow and step.step = run.step
  where run.run_id = p_run_id;
end
$$;

comment on function pipeline.enqueue_run(bigint) is
'Adds the job run:<run_id> for the task of the run''s step (fetch, run_step or publish). A job that waits already is kept as it is.';

revoke all on function pipeline.enqueue_run(bigint) from public;
grant execute on function pipeline.enqueue_run(bigint) to marketbase_worker;
