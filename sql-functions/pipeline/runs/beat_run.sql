-- A sign of life of running steps, by the clock of the database.
create or replace function pipeline.beat_run(p_run_ids bigint[]) returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set heartbeat_at = clock_timestamp()
  where run_id = any (p_run_ids) and status = 'running';
end;

comment on function pipeline.beat_run(bigint[]) is
'Renews heartbeat_at of those runs that are running; a worker calls it every 5 seconds.';

revoke all on function pipeline.beat_run(bigint[]) from public;
grant execute on function pipeline.beat_run(bigint[]) to marketbase_worker;
