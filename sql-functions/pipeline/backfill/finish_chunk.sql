-- The body of a piece is there: read it and close the piece, in the transaction of the caller.
create or replace function pipeline.finish_chunk(p_run_id bigint, p_raw_response_ids bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  body_id bigint;
  result ingest.normalisation;
  chunk pipeline.backfill_chunk;
begin
  select * into chunk from pipeline.backfill_chunk where backfill_chunk.run_id = p_run_id and backfill_chunk.state = 'queued' for update;
  if chunk.run_id is null then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is no piece of a backfill that is under way', p_run_id),
      hint = 'pipeline.start_backfill makes such runs.';
  end if;
  chunk.state := 'done';
  foreach body_id in array p_raw_response_ids loop
    result := pipeline.normalise_response(p_run_id, body_id);
    chunk.raw_response_id := body_id;
    chunk.row_count := chunk.row_count + result.row_count;
    if result.run_id = p_run_id then
      chunk.new_count := chunk.new_count + result.new_count;
      chunk.version_count := chunk.version_count + result.changed_count - result.new_count;
    end if;
    chunk.quarantined_count := chunk.quarantined_count + result.quarantined_count;
    if result.outcome <> 'normalised' then
      chunk.state := case when result.outcome = 'refused' or chunk.state = 'failed' then 'failed' else 'held' end;
      chunk.error_code := result.error_code;
      chunk.message := result.message;
    end if;
  end loop;

  update pipeline.backfill_chunk target
  set
    state = chunk.state, raw_response_id = chunk.raw_response_id, row_count = chunk.row_count, new_count = chunk.new_count,
    version_count = chunk.version_count, quarantined_count = chunk.quarantined_count, error_code = chunk.error_code, message = chunk.message,
    finished_at = clock_timestamp()
  where target.backfill_run_id = chunk.backfill_run_id and target.chunk_no = chunk.chunk_no;
  if chunk.state = 'failed' then
    perform pipeline.fail_run(p_run_id, chunk.error_code, chunk.message);
  else
    perform pipeline.finish_run(
      p_run_id, chunk.row_count, chunk.new_count + chunk.version_count,
      jsonb_build_object('raw_response_ids', to_jsonb(p_raw_response_ids), 'new', chunk.new_count, 'versions', chunk.version_count,
        'quarantined', chunk.quarantined_count),
      coalesce(chunk.message, format('%s rows, %s new, %s changed', chunk.row_count, chunk.new_count, chunk.version_count))
    );
  end if;
end
$$;

comment on function pipeline.finish_chunk(bigint, bigint[]) is
'Reads the bodies that came for a piece of a backfill (pipeline.normalise_response) and closes piece and run: done, held where a body waits to be accepted, failed where one is refused. What the others brought stays. MB008 when the run is no piece under way.';

revoke all on function pipeline.finish_chunk(bigint, bigint[]) from public;
grant execute on function pipeline.finish_chunk(bigint, bigint[]) to marketbase_worker;
