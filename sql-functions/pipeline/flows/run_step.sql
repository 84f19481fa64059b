-- Carries out one step: the function pipeline.step_<step>, in the transaction of the caller.
create or replace function pipeline.run_step(p_run_id bigint) returns pipeline.pipeline_run
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  run pipeline.pipeline_run;
  step_function regprocedure;
  outcome pipeline.step_outcome;
  held record;
begin
  select * into run from pipeline.pipeline_run where run_id = p_run_id and status = 'running' for update;
  if run.run_id is null then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is not running', p_run_id),
      hint = 'Only a run that pipeline.begin_run took up can be carried out.';
  end if;
  step_function := to_regprocedure(format('pipeline.%I(bigint)', 'step_' || run.step));
  if step_function is null then
    raise exception using
      errcode = 'MB003',
      message = format('there is no step named "%s"', run.step),
      hint = 'A step is a function pipeline.step_<name>(run_id bigint).';
  end if;

  select
    count(*) as instruments, sum(held_back.finding_count)::bigint as findings,
    string_agg(format('%s: %s', held_back.symbol, held_back.reason), '; ' order by held_back.symbol) as reason,
    not exists (
      select
      from market.instrument
      where exists (select from market.price_data bar where bar.instrument_id = instrument.instrument_id)
        and instrument.instrument_id not in (select every.instrument_id from quality.held_back every where every.step = run.step)
    ) as is_all
  into held
  from quality.held_back
  where held_back.step = run.step;
  if held.instruments > 0 and held.is_all then
    perform pipeline.block_run(
      p_run_id, format('blocked: findings hold every instrument back: %s', left(held.reason, 1000)),
      jsonb_build_object('held_back', held.instruments, 'findings', held.findings)
    );
    select * into run from pipeline.pipeline_run where run_id = p_run_id;
    return run;
  end if;

  execute format('select * from %s($1)', step_function::regproc) into outcome using p_run_id;
  if held.instruments > 0 then
    outcome.summary := coalesce(outcome.summary, '{}') || jsonb_build_object('held_back', held.instruments, 'held_back_findings', held.findings);
    outcome.message := concat_ws('; ', outcome.message, format('%s held back: %s', held.instruments, left(held.reason, 1000)));
  end if;

  update pipeline.pipeline_run
  set function_name = step_function::regproc::text, function_version = internal.function_version(step_function)
  where run_id = p_run_id;
  perform pipeline.finish_run(p_run_id, outcome.rows_read, outcome.rows_written, outcome.summary, outcome.message);
  select * into run from pipeline.pipeline_run where run_id = p_run_id;
  return run;
end
$$;

comment on function pipeline.run_step(bigint) is
'Carries out the step of a running run by calling pipeline.step_<step>(run_id), and closes the run with its outcome. All that the step writes commits together with the run. Where findings hold back some instruments (quality.held_back) the step leaves them alone and the message names them, the rules and the numbers of findings; where they hold back all that have bars, the step is not carried out and the run ends as blocked. MB008 when the run is not running, MB003 when there is no such step.';

revoke all on function pipeline.run_step(bigint) from public;
grant execute on function pipeline.run_step(bigint) to marketbase_worker;
