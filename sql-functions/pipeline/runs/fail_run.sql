-- Closes a run that did not do what it should, and says why.
create or replace function pipeline.fail_run(p_run_id bigint, p_error_code text, p_message text) returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'failed', error_code = p_error_code, message = p_message, finished_at = clock_timestamp()
  where run_id = p_run_id and status in ('queued', 'running');
end;

comment on function pipeline.fail_run(bigint, text, text) is
'Closes an unfinished run as failed with an SQLSTATE and a sentence that says what failed and what to do. A finished run is left alone.';

revoke all on function pipeline.fail_run(bigint, text, text) from public;
grant execute on function pipeline.fail_run(bigint, text, text) to marketbase_worker;
