-- Becomes somebody for whom only some instruments exist.
create or replace function feature.enter_world(p_instrument_ids bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  if not pg_has_role(session_user, 'marketbase_probe', 'SET') then
    raise exception using
      errcode = 'MB008',
      message = format('%s may not become marketbase_probe.', session_user),
      hint = 'Log in as marketbase_worker.';
  end if;
  -- Row-level security hides every other instrument from this role, whatever a query reads (sql-functions/market/grants.sql).
  perform set_config('marketbase.visible_instruments', p_instrument_ids::text, true);
  perform set_config('role', 'marketbase_probe', true);
end
$$;

comment on function feature.enter_world(bigint[]) is
'Makes the caller marketbase_probe, to whom no instruments but p_instrument_ids are visible, until it takes its role back or the transaction ends. Errors: MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.enter_world(bigint[]) from public;
grant execute on function feature.enter_world(bigint[]) to marketbase_worker;
