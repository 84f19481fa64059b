-- Closes a run that did what it should.
create or replace function pipeline.finish_run(
  p_run_id bigint,
  p_rows_read bigint default 0,
  p_rows_written bigint default 0,
  p_summary jsonb default '{}',
  p_message text default null
) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  update pipeline.pipeline_run
  set status = 'succeeded', rows_read = coalesce(p_rows_read, 0), rows_written = coalesce(p_rows_written, 0),
    summary = coalesce(p_summary, '{}'), message = p_message, finished_at = clock_timestamp()
  where run_id = p_run_id and status = 'running';
  if not found then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is not running, so it cannot be finished', p_run_id),
      hint = 'Another worker took it up, or it does not exist: see pipeline.pipeline_run.';
  end if;
end
$$;

comment on function pipeline.finish_run(bigint, bigint, bigint, jsonb, text) is
'Closes a running run as succeeded with the rows that it read and wrote, a JSON object of figures and a sentence. MB008 when it is not running.';

revoke all on function pipeline.finish_run(bigint, bigint, bigint, jsonb, text) from public;
grant execute on function pipeline.finish_run(bigint, bigint, bigint, jsonb, text) to marketbase_worker;
