-- A worker that was thought dead must not write over the one that took its run.
create or replace function pipeline.fence_run(p_run_id bigint, p_attempt integer) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform from pipeline.pipeline_run where run_id = p_run_id and attempt = p_attempt and status = 'running' for update;
  if not found then
    raise exception using
      errcode = 'MB008',
      message = format('attempt %s of run %s is over', p_attempt, p_run_id),
      hint = 'Another worker took the run; its outcome counts.';
  end if;
end
$$;

comment on function pipeline.fence_run(bigint, integer) is
'Locks the run for the rest of the transaction if attempt p_attempt is still the one that runs; MB008 otherwise, so that a late attempt writes nothing.';

revoke all on function pipeline.fence_run(bigint, integer) from public;
grant execute on function pipeline.fence_run(bigint, integer) to marketbase_worker;
