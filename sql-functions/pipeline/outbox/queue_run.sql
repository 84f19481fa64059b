-- Runs that begin and end are told, and what a gate held back in them.
-- security definer: whoever may open a run need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_run() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_type constant text := case new.status when 'running' then 'START' when 'succeeded' then 'COMPLETE' when 'failed' then 'FAIL' else 'ABORT' end;
  v_severity constant text := case v_type when 'FAIL' then 'error' when 'ABORT' then 'warning' else 'info' end;
begin
  if new.finished_at is not null and new.summary ? 'held_back' then
    perform pipeline.queue_event(
      'gate', new.step, 'critical',
      jsonb_build_object('event', 'held', 'step', new.step, 'flow', new.flow, 'run_id', new.run_id, 'status', new.status, 'message', new.message) || new.summary,
      new.run_id
    );
  end if;
  if exists (select from pipeline.wanting_destinations('run', v_severity)) then
    perform pipeline.queue_event(
      'run', case when new.step = new.flow then new.flow else new.flow || '.' || new.step end, v_severity,
      pipeline.openlineage_event(new.run_id, v_type, coalesce(new.finished_at, new.started_at)), new.run_id
    );
  end if;
  return null;
end
$$;

comment on function pipeline.queue_run() is
'Trigger: queues a RunEvent when a run begins for the first time and when a run that had begun ends, and an event of kind gate when findings held back some or all of its work. It waits for the end of the transaction, so that all lineage and all results of the run are there.';

revoke all on function pipeline.queue_run() from public;

drop trigger if exists _900_outbox_insert on pipeline.pipeline_run;
create constraint trigger _900_outbox_insert after insert on pipeline.pipeline_run deferrable initially deferred
  for each row when (new.status = 'running') execute function pipeline.queue_run();
drop trigger if exists _900_outbox_update on pipeline.pipeline_run;
create constraint trigger _900_outbox_update after update on pipeline.pipeline_run deferrable initially deferred
  for each row when (
    new.status is distinct from old.status
    and (new.finished_at is not null and new.started_at is not null or new.status = 'running' and new.attempt = 1)
  ) execute function pipeline.queue_run();
