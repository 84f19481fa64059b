-- Runs the query of a set that compares instruments where only some of them exist.
create or replace function feature.compare_in_world(
  p_compiled_sql text,
  p_base_version_id bigint,
  p_instrument_ids bigint[],
  p_times timestamptz[]
) returns setof feature.probe_vector
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  role_before constant text := current_setting('role');
begin
  perform feature.enter_world(p_instrument_ids);
  return query execute format('select computed.instrument_id, computed.ts, computed.known_from, computed.values from (%s) as computed', p_compiled_sql)
    using p_base_version_id, p_times, p_times;
  perform set_config('role', role_before, true);
end
$$;

comment on function feature.compare_in_world(text, bigint, bigint[], timestamptz[]) is
'The vectors that the query p_compiled_sql of a set that compares instruments gives at p_times, computed as marketbase_probe over the vectors of version p_base_version_id of p_instrument_ids; to it no other instrument is visible.
Errors: MB008 for a login that may not become marketbase_probe, and those of the query, after which the transaction has to be rolled back, to a savepoint at least.';

revoke all on function feature.compare_in_world(text, bigint, bigint[], timestamptz[]) from public;
grant execute on function feature.compare_in_world(text, bigint, bigint[], timestamptz[]) to marketbase_worker;
