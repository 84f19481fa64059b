-- Takes up a queued run; one that somebody carries out or that is finished is left alone.
create or replace function pipeline.begin_run(p_run_id bigint) returns pipeline.pipeline_run
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'running', attempt = attempt + 1, worker = current_setting('application_name'),
    started_at = clock_timestamp(), heartbeat_at = clock_timestamp(), run_at = null
  where run_id = p_run_id and status = 'queued'
  returning *;
end;

comment on function pipeline.begin_run(bigint) is
'Marks a queued run as running, counts the attempt and returns the run; NULL when it is not queued, so that a job that comes twice does nothing.';

revoke all on function pipeline.begin_run(bigint) from public;
grant execute on function pipeline.begin_run(bigint) to marketbase_worker;
