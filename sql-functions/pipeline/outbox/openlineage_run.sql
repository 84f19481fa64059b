-- The identity of a run outside, its job, and nothing else: what OpenLineage calls run and job.
create or replace function pipeline.openlineage_run(p_run_id bigint) returns jsonb
language sql stable parallel safe
begin atomic
  select jsonb_build_object(
    'run', jsonb_build_object('runId', internal.content_uuid(format('run %s %s %s', current_database(), run.run_id, extract(epoch from run.queued_at)))),
    'job', jsonb_build_object(
      'namespace', pipeline.openlineage_namespace(),
      'name', case when run.step = run.flow then run.flow else run.flow || '.' || run.step end
    )
  )
  from pipeline.pipeline_run as run
  where run.run_id = p_run_id;
end;

comment on function pipeline.openlineage_run(bigint) is
E'@behavior -*\n{"run": {"runId": a UUID}, "job": {"namespace", "name"}} of the run p_run_id. The UUID follows from the database, the run and when it was asked for; the job is the flow, or flow.step. NULL for an unknown run.';

revoke all on function pipeline.openlineage_run(bigint) from public;
grant execute on function pipeline.openlineage_run(bigint) to marketbase_worker;
