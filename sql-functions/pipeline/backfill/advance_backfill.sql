-- After each piece: hand out the next ones, or close the backfill.
create or replace function pipeline.advance_backfill(p_run_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  plan pipeline.backfill;
  next_chunk record;
  chunk_run_id bigint;
  total record;
begin
  -- the row lock lets one piece at a time decide what comes next
  perform from pipeline.pipeline_run where run_id = p_run_id and status = 'running' for update;
  if not found then
    return;
  end if;
  select * into plan from pipeline.backfill where run_id = p_run_id;

  update pipeline.backfill_chunk chunk
  set state = 'failed', error_code = run.error_code, message = run.message, finished_at = run.finished_at
  from pipeline.pipeline_run run
  where chunk.backfill_run_id = p_run_id and chunk.state = 'queued' and run.run_id = chunk.run_id and run.status = 'failed';

  for next_chunk in
    select chunk.chunk_no, chunk.subject, chunk.from_date, chunk.to_date
    from pipeline.backfill_chunk chunk
    where chunk.backfill_run_id = p_run_id and chunk.state = 'waiting'
    order by chunk.chunk_no
    limit greatest(0, plan.max_active - (
      select count(*) from pipeline.backfill_chunk active where active.backfill_run_id = p_run_id and active.state = 'queued'
    ))
  loop
    insert into pipeline.pipeline_run (parent_run_id, root_run_id, flow, step, stage, parameters)
    values (p_run_id, p_run_id, 'backfill', 'chunk', 1, jsonb_strip_nulls(jsonb_build_object(
      'provider', plan.provider, 'dataset', plan.dataset, 'subject', next_chunk.subject, 'from', next_chunk.from_date, 'to', next_chunk.to_date)))
    returning run_id into chunk_run_id;
    update pipeline.backfill_chunk chunk
    set state = 'queued', run_id = chunk_run_id
    where chunk.backfill_run_id = p_run_id and chunk.chunk_no = next_chunk.chunk_no;
    perform pipeline.enqueue_run(chunk_run_id);
  end loop;

  select
    count(*) as chunks, count(*) filter (where chunk.state in ('waiting', 'queued')) as open, count(*) filter (where chunk.state = 'failed') as failed,
    count(*) filter (where chunk.state = 'held') as held, sum(chunk.row_count) as row_count, sum(chunk.new_count + chunk.version_count) as changed
  into total
  from pipeline.backfill_chunk chunk
  where chunk.backfill_run_id = p_run_id;
  if total.open > 0 then
    return;
  elsif total.failed > 0 then
    perform pipeline.fail_run(p_run_id, 'MB008', format('%s of %s pieces failed: see pipeline.backfill_chunk', total.failed, total.chunks));
  else
    perform pipeline.finish_run(
      p_run_id, total.row_count::bigint, total.changed::bigint, jsonb_build_object('chunks', total.chunks, 'held', total.held),
      format('%s pieces, %s rows new or changed', total.chunks, total.changed)
    );
  end if;
end
$$;

comment on function pipeline.advance_backfill(bigint) is
'Takes note of the pieces of the backfill that failed, gives the workers the next ones as long as fewer than max_active are in their hands, and closes the backfill when none is left: as failed when a piece failed. May be called any number of times.';

revoke all on function pipeline.advance_backfill(bigint) from public;
grant execute on function pipeline.advance_backfill(bigint) to marketbase_worker;
