-- Closes a run that a gate held back.
create or replace function pipeline.block_run(p_run_id bigint, p_message text, p_summary jsonb default '{}') returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'blocked', message = p_message, summary = p_summary, finished_at = clock_timestamp()
  where run_id = p_run_id and status = 'running';
end;

comment on function pipeline.block_run(bigint, text, jsonb) is
'Closes a running run as blocked: it did nothing, because findings held all of its work back. p_message names the rules and how many findings each has, p_summary is a JSON object. The steps after it go on. A run that is not running is left alone.';

revoke all on function pipeline.block_run(bigint, text, jsonb) from public;
grant execute on function pipeline.block_run(bigint, text, jsonb) to marketbase_worker;
