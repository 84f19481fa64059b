-- Step: value at risk of every portfolio, and weights for the instruments it trades.
create or replace function pipeline.step_risk(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  run pipeline.pipeline_run;
  marks bigint;
  from_session date;
  calculations bigint := 0;
  optimisations bigint := 0;
begin
  select * into run from pipeline.pipeline_run where run_id = p_run_id;
  select count(*), (min(from_ts) at time zone 'UTC')::date into marks, from_session from pipeline.take_stale('risk');
  if marks > 0 then
    select coalesce(sum(risk.compute_var(p_run_id, book.name, 0.99, 1, 500, from_session)), 0) into calculations from portfolio.portfolio book;
    if run.parameters ? 'optimize' then
      select count(*) filter (where result.run_id = p_run_id) into optimisations
      from (values ('equal_weight'), ('min_variance')) as method (name)
      cross join lateral portfolio.optimize(
        p_run_id, method.name,
        array(select jsonb_array_elements_text(run.parameters -> 'optimize' -> 'symbols')),
        (run.parameters -> 'optimize' ->> 'from')::date,
        (run.parameters -> 'optimize' ->> 'to')::date
      ) result;
    end if;
  end if;
  return (
    marks, calculations + optimisations,
    jsonb_build_object('var_calculations', calculations, 'optimisations', optimisations),
    format('%s values at risk and %s optimisations stored', calculations, optimisations)
  );
end
$$;

comment on function pipeline.step_risk(bigint) is
'Computes the one-day historical value at risk at 99 % over 500 sessions for every portfolio, from the first marked session on; and, where the step has a parameter optimize {"symbols": [...], "from": date, "to": date}, the equal-weight and the minimum-variance weights. Does nothing unless something is marked for risk in pipeline.stale_range.';

revoke all on function pipeline.step_risk(bigint) from public;
grant execute on function pipeline.step_risk(bigint) to marketbase_worker;
