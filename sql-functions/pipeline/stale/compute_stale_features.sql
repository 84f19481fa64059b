-- Brings the vectors of all sets up to date with what has changed.
create or replace function pipeline.compute_stale_features(p_run_id bigint) returns setof feature.computation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.plan_features(p_run_id);
  loop
    return query select * from pipeline.compute_features(p_run_id);
    exit when not found;
  end loop;
end
$$;

comment on function pipeline.compute_stale_features(bigint) is
'pipeline.plan_features, then pipeline.compute_features until nothing is left. p_run_id: run that asks for it. Gives a row for each set and instrument, with the number of vectors that changed or the reason why there are none.
All in the transaction of the caller: when it fails the marks stay.';

revoke all on function pipeline.compute_stale_features(bigint) from public;
grant execute on function pipeline.compute_stale_features(bigint) to marketbase_worker;
