-- A run that may succeed later waits for its next attempt.
create or replace function pipeline.requeue_run(p_run_id bigint, p_message text) returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'queued', worker = null, message = p_message
  where run_id = p_run_id and status = 'running';
end;

comment on function pipeline.requeue_run(bigint, text) is
'Puts a running run back into the queue and says why; its job comes again by itself.';

revoke all on function pipeline.requeue_run(bigint, text) from public;
grant execute on function pipeline.requeue_run(bigint, text) to marketbase_worker;
