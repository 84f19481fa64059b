-- A run that may succeed later gives its place to others until then.
create or replace function pipeline.postpone_run(p_run_id bigint, p_wait interval, p_message text, p_is_failure boolean default true) returns timestamptz
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  postponed record;
begin
  update pipeline.pipeline_run run
  set status = 'queued', worker = null, message = p_message, run_at = clock_timestamp() + p_wait, retry_count = run.retry_count + p_is_failure::integer
  where run.run_id = p_run_id and run.status = 'running'
  returning run.run_id, run.flow, run.step, run.run_at into postponed;
  if postponed.run_id is null then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is not running, so it cannot be put off', p_run_id),
      hint = 'Another worker took it up, or it does not exist: see pipeline.pipeline_run.';
  end if;
  perform graphile_worker.add_job(
    identifier := flow_step.task,
    payload := json_build_object('runId', p_run_id),
    run_at := postponed.run_at,
    max_attempts := 5,
    job_key := 'run:' || p_run_id
  )
  from pipeline.flow_step
  where flow_step.flow = postponed.flow and flow_step.step = postponed.step;
  return postponed.run_at;
end
$$;

comment on function pipeline.postpone_run(bigint, interval, text, boolean) is
'Puts a running run off: it is queued again, and its job comes p_wait from now; no worker waits for it meanwhile. p_message says why; p_is_failure counts it as a retry. Returns when it comes. MB008 when it is not running.';

revoke all on function pipeline.postpone_run(bigint, interval, text, boolean) from public;
grant execute on function pipeline.postpone_run(bigint, interval, text, boolean) to marketbase_worker;
