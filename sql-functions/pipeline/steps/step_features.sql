-- Step: the feature sets, where bars changed.
create or replace function pipeline.step_features(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare n bigint := 0; 
begin
  select sum(feature.compute(p_run_id, s.name, m.instrument_id)) into n from (select instrument_id from pipeline.take_stale('feature') group by 1) m cross join feature.feature_set s;
  return (n, n, '{}'::jsonb, 'temp');
end
$$;
comment on function pipeline.step_features(bigint) is 'temp';
revoke all on function pipeline.step_features(bigint) from public;
grant execute on function pipeline.step_features(bigint) to marketbase_worker;
