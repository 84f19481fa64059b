-- Notices kernels that have changed and puts new versions of the sets that use them into force.
-- security definer: like feature.define_set, which it calls with definitions that are already there.
create or replace function feature.refresh_versions() returns setof feature.feature_set_version
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  state constant text := feature.compiler_state();
  known record;
  defined feature.feature_set_version;
begin
  for known in
    select
      feature_set.name, feature_set.description, feature_set.bar_interval, version.feature_set_version_id,
      array_agg(row(definition.name, definition.expression, definition.description)::feature.definition order by definition.position) as definitions
    from feature.feature_set as feature_set
    join feature.feature_set_version as version using (feature_set_id)
    join feature.feature_definition as definition using (feature_set_version_id)
    -- A companion follows from its set.
    where version.is_current and feature_set.companion_of is null and version.compiler_state is distinct from state
    group by feature_set.feature_set_id, version.feature_set_version_id
    order by feature_set.name
  loop
    defined := feature.define_set(known.name, known.description, known.definitions, known.bar_interval);
    update feature.feature_set_version set compiler_state = state where feature_set_version_id = defined.feature_set_version_id;
    if defined.feature_set_version_id <> known.feature_set_version_id then
      return next defined;
    end if;
  end loop;
end
$$;

comment on function feature.refresh_versions() is
'Compiles the sets again where something has changed since they were last compiled (feature.compiler_state); where a kernel, a helper of it or the compiler has changed, a new version comes into force. Gives the new versions, none where nothing has changed. pipeline.compute_stale_features computes their values.
Errors: MB001 or MB003 when a kernel that a set uses is gone or takes other arguments.';

revoke all on function feature.refresh_versions() from public;
grant execute on function feature.refresh_versions() to marketbase_worker;
