-- Step: every model is trained again when its data changed.
create or replace function pipeline.step_train(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with held as materialized (
    select coalesce(array_agg(held_back.instrument_id), '{}') as instrument_ids from quality.held_back where held_back.step = 'train'
  ),
  stale as materialized (
    select count(*) as marks from held cross join lateral pipeline.take_stale('ml', held.instrument_ids)
  ),
  concerned as materialized (
    select model.name, ml.model_instruments(model.name) && held.instrument_ids as is_held from ml.model model cross join held
  ),
  trained as materialized (
    select model.name, training.*
    from stale
    cross join concerned model
    cross join lateral ml.train(p_run_id, model.name) training
    where not model.is_held
  )
  select
    coalesce(sum((trained.metrics_in_sample ->> 'rows')::bigint), 0)::bigint,
    count(*) filter (where trained.run_id = p_run_id),
    coalesce(jsonb_object_agg(trained.name, trained.metrics_out_of_sample) filter (where trained.name is not null), '{}'),
    case
      when not exists (select from ml.model) then 'no model is defined'
      else concat_ws('; ', string_agg(
        format('%s %s', trained.name, case when trained.run_id = p_run_id then 'trained' else 'kept: its data did not change' end), '; ' order by trained.name),
        (select string_agg(concerned.name || ' held back', '; ' order by concerned.name) from concerned where concerned.is_held))
    end
  from trained;
end;

comment on function pipeline.step_train(bigint) is
'Trains every model of ml.model but those that learn from an instrument that quality.held_back names, which keep the training that they have: to leave the instrument out would make another model. One whose training rows, parameters and code are what they were keeps its training run. Takes away the marks of consumer ml, but for instruments that are held back.';

revoke all on function pipeline.step_train(bigint) from public;
grant execute on function pipeline.step_train(bigint) to marketbase_worker;
