-- Step: every model is trained again when its data changed.
create or replace function pipeline.step_train(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with stale as materialized (
    select count(*) as marks from pipeline.take_stale('ml')
  ),
  trained as materialized (
    select model.name, training.*
    from stale
    cross join ml.model model
    cross join lateral ml.train(p_run_id, model.name) training
  )
  select
    coalesce(sum((trained.metrics_in_sample ->> 'rows')::bigint), 0)::bigint,
    count(*) filter (where trained.run_id = p_run_id),
    coalesce(jsonb_object_agg(trained.name, trained.metrics_out_of_sample) filter (where trained.name is not null), '{}'),
    case
      when count(*) = 0 then 'no model is defined'
      else string_agg(
        format('%s %s', trained.name, case when trained.run_id = p_run_id then 'trained' else 'kept: its data did not change' end), '; ' order by trained.name)
    end
  from trained;
end;

comment on function pipeline.step_train(bigint) is
'Trains every model of ml.model; one whose training rows, parameters and code are what they were keeps its training run. Takes away the marks of consumer ml.';

revoke all on function pipeline.step_train(bigint) from public;
grant execute on function pipeline.step_train(bigint) to marketbase_worker;
