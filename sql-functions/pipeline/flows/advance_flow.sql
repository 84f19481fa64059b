-- After each step: start the next stage, or close the flow.
create or replace function pipeline.advance_flow(p_root_run_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root pipeline.pipeline_run;
  failed pipeline.pipeline_run;
  next_stage integer;
begin
  -- the row lock lets one step at a time decide what comes next
  select * into root from pipeline.pipeline_run where run_id = p_root_run_id for update;
  if root.status is distinct from 'running' then
    return;
  end if;
  -- the pieces of a backfill do not depend on each other: one that fails stops none of them
  if root.flow = 'backfill' then
    perform pipeline.advance_backfill(p_root_run_id);
    return;
  end if;

  select * into failed from pipeline.pipeline_run where root_run_id = p_root_run_id and status = 'failed' order by run_id limit 1;
  if failed.run_id is not null then
    update pipeline.pipeline_run
    set status = 'skipped', message = format('skipped because step %s failed', failed.step), finished_at = clock_timestamp()
    where root_run_id = p_root_run_id and status = 'queued';
    perform pipeline.fail_run(p_root_run_id, failed.error_code, format('step %s failed: %s', failed.step, failed.message));
    return;
  end if;

  select min(stage) into next_stage from pipeline.pipeline_run
  where root_run_id = p_root_run_id and parent_run_id = p_root_run_id and status in ('queued', 'running');
  if next_stage is null then
    perform pipeline.finish_run(
      p_root_run_id, sum(run.rows_read)::bigint, sum(run.rows_written)::bigint,
      jsonb_object_agg(run.step, run.rows_written),
      concat_ws('; ',
        format('%s steps, %s rows written', count(*), sum(run.rows_written)),
        string_agg(format('%s %s', run.step, run.message), '; ' order by run.stage, run.step) filter (where run.status = 'blocked'))
    )
    from pipeline.pipeline_run run
    where run.parent_run_id = p_root_run_id;
    return;
  end if;

  -- a stage of which a step has begun was enqueued before
  if not exists (
    select from pipeline.pipeline_run
    where parent_run_id = p_root_run_id and stage = next_stage and (status <> 'queued' or attempt > 0)
  ) then
    perform pipeline.enqueue_run(run.run_id) from pipeline.pipeline_run run where run.parent_run_id = p_root_run_id and run.stage = next_stage;
  end if;
end
$$;

comment on function pipeline.advance_flow(bigint) is
'Looks at the steps of the flow whose root is p_root_run_id: enqueues the first stage that is not done, or closes the root as succeeded (its message names the steps that were blocked) or, when a step failed, as failed with the rest skipped. A backfill goes on with pipeline.advance_backfill. May be called any number of times.';

revoke all on function pipeline.advance_flow(bigint) from public;
grant execute on function pipeline.advance_flow(bigint) to marketbase_worker;
