-- Starts a flow, or joins the one that is under way.
create or replace function pipeline.start_flow(p_flow text, p_parameters jsonb default '{}') returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  if not exists (select from pipeline.flow_step where flow = p_flow) then
    raise exception using
      errcode = 'MB003',
      message = format('there is no flow named "%s"', p_flow),
      hint = 'Known flows: ' || (select coalesce(string_agg(distinct flow, ', '), 'none') from pipeline.flow_step) || '.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.flow:' || p_flow, 0));
  select run_id into root_id from pipeline.pipeline_run
  where flow = p_flow and parent_run_id is null and stage = 0 and step = p_flow and status in ('queued', 'running')
  order by run_id limit 1;

  if root_id is null then
    root_id := pipeline.start_run(p_flow, p_flow, null, p_parameters);
    insert into pipeline.pipeline_run (parent_run_id, root_run_id, flow, step, stage, parameters)
    select root_id, root_id, step.flow, step.step, step.stage, step.parameters || p_parameters
    from pipeline.flow_step step
    where step.flow = p_flow
    order by step.stage, step.step;
  end if;

  perform pipeline.advance_flow(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_flow(text, jsonb) is
'Starts the flow p_flow and returns the run_id of its root; while one is under way, that one is returned and no second one starts. p_parameters, a JSON object, is added to the parameters of every step. MB003 for an unknown flow.';

revoke all on function pipeline.start_flow(text, jsonb) from public;
grant execute on function pipeline.start_flow(text, jsonb) to marketbase_worker;
