-- A sign of life of running steps, by the clock of the database.
create or replace function pipeline.beat_run(p_run_ids bigint[]) returns void
language sql volatile parallel unsafe
begin atomic
  -- a run that is locked is in the hands of its own step: that is sign of life enough
  with alive as (
    select run_id from pipeline.pipeline_run where run_id = any (p_run_ids) and status = 'running' for update skip locked
  )
  update pipeline.pipeline_run run
  set heartbeat_at = clock_timestamp()
  from alive
  where run.run_id = alive.run_id;
end;

comment on function pipeline.beat_run(bigint[]) is
'Renews heartbeat_at of those runs that are running; a worker calls it every 5 seconds.';

revoke all on function pipeline.beat_run(bigint[]) from public;
grant execute on function pipeline.beat_run(bigint[]) to marketbase_worker;
