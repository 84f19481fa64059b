-- Runs whose worker is gone are handed out again; the clock is the database's.
create or replace function pipeline.sweep_runs(p_silence interval default '60 seconds') returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  most_losses constant integer := 25;
  swept integer := 0;
  lost record;
begin
  for lost in
    select run.run_id, run.root_run_id, run.stage, run.lost_count + 1 as lost_count, run.worker, job.locked_by
    from pipeline.pipeline_run run
    left join graphile_worker.jobs job on job.key = 'run:' || run.run_id
    where run.status = 'running'
      and not (run.parent_run_id is null and exists (select from pipeline.pipeline_run child where child.parent_run_id = run.run_id))
      and (
        run.heartbeat_at < clock_timestamp() - p_silence
        -- a worker whose connections are gone cannot come back; the pause spares one that is just reconnecting, and
        -- a heartbeat of the future comes from a clock that was set back
        or (
          run.heartbeat_at not between clock_timestamp() - least(p_silence, interval '2 seconds') and clock_timestamp() + interval '10 seconds'
          and not exists (select from pg_stat_activity session where session.application_name = run.worker)
        )
      )
    order by run.run_id
    for update of run skip locked
  loop
    swept := swept + 1;
    update pipeline.pipeline_run set lost_count = lost.lost_count where run_id = lost.run_id;
    if lost.stage = 0 then
      perform pipeline.fail_run(lost.run_id, '57P01', format('its process (%s) ended before the work was done; start it again', lost.worker));
    else
      if lost.locked_by is not null then
        perform graphile_worker.force_unlock_workers(array[lost.locked_by]);
      end if;
      if lost.lost_count >= most_losses then
        -- what ended that many workers would end the next one too
        perform pipeline.fail_run(lost.run_id, '57P01', format('its worker ended %s times before the work was done, last %s; it is not tried again', lost.lost_count, lost.worker));
        perform graphile_worker.remove_job('run:' || lost.run_id);
        perform pipeline.advance_flow(lost.root_run_id);
      else
        perform pipeline.requeue_run(lost.run_id, format('taken back from %s, which ended', lost.worker));
        perform pipeline.enqueue_run(lost.run_id);
      end if;
    end if;
  end loop;
  -- a kill between a job and its run leaves the job locked, although nobody carries it out
  perform graphile_worker.force_unlock_workers(array_agg(distinct job.locked_by))
  from graphile_worker.jobs job
  join pipeline.pipeline_run run on job.key = 'run:' || run.run_id
  where job.locked_at < clock_timestamp() - least(p_silence, interval '10 seconds') and run.status <> 'running'
  having count(*) > 0;
  -- a kill between the end of a step and the start of the next stage leaves a root without work
  perform pipeline.advance_flow(root.run_id)
  from pipeline.pipeline_run root
  where root.status = 'running' and root.parent_run_id is null
    and exists (select from pipeline.pipeline_run child where child.parent_run_id = root.run_id and child.stage > 0);
  return swept;
end
$$;

comment on function pipeline.sweep_runs(interval) is
'Gives back the work of workers that are gone: a run without a heartbeat for p_silence, or whose process has no connection any more, is queued again with its job unlocked when it is a step of a flow, and closed as failed when a person asked for it directly or when twenty-five workers ended over it (pipeline.dead_letter). Returns how many runs were swept. Called by every worker at its start and with its heartbeat.';

revoke all on function pipeline.sweep_runs(interval) from public;
grant execute on function pipeline.sweep_runs(interval) to marketbase_worker;
