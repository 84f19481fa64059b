-- Runs the query of a set over bars where only some instruments exist.
create or replace function feature.compute_in_world(p_compiled_sql text, p_instrument_ids bigint[]) returns setof feature.probe_vector
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  role_before constant text := current_setting('role');
begin
  perform feature.enter_world(p_instrument_ids);
  return query execute format('select computed.instrument_id, computed.ts, computed.known_from, computed.values from (%s) as computed', p_compiled_sql)
    using p_instrument_ids, null::timestamptz[], null::timestamptz[];
  perform set_config('role', role_before, true);
end
$$;

comment on function feature.compute_in_world(text, bigint[]) is
'The vectors that the query p_compiled_sql of a set over bars (feature.feature_set_version.compiled_sql) gives for p_instrument_ids, computed as marketbase_probe, to whom no other instrument is visible.
Errors: MB008 for a login that may not become marketbase_probe, and those of the query, after which the transaction has to be rolled back, to a savepoint at least.';

revoke all on function feature.compute_in_world(text, bigint[]) from public;
grant execute on function feature.compute_in_world(text, bigint[]) to marketbase_worker;
