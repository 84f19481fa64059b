-- Opens a run that starts at once, for work that a person or another run asks for directly.
create or replace function pipeline.start_run(
  p_flow text,
  p_step text,
  p_parent_run_id bigint default null,
  p_parameters jsonb default '{}'
) returns bigint
language sql volatile parallel unsafe
begin atomic
  insert into pipeline.pipeline_run (parent_run_id, root_run_id, flow, step, status, attempt, parameters, worker, started_at, heartbeat_at)
  select
    p_parent_run_id,
    (select coalesce(parent.root_run_id, parent.run_id) from pipeline.pipeline_run parent where parent.run_id = p_parent_run_id),
    p_flow, p_step, 'running', 1, p_parameters, current_setting('application_name'), clock_timestamp(), clock_timestamp()
  returning run_id;
end;

comment on function pipeline.start_run(text, text, bigint, jsonb) is
'Opens a run in status running and returns its run_id. p_parent_run_id is the run that started it, NULL for a root. p_parameters is a JSON object.';

revoke all on function pipeline.start_run(text, text, bigint, jsonb) from public;
grant execute on function pipeline.start_run(text, text, bigint, jsonb) to marketbase_worker;
