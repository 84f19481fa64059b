-- Puts a compiled set into force where it is not what is in force.
create or replace function feature.store_version(
  p_feature_set_id bigint,
  p_compiled feature.compiled_set,
  p_base_version_id bigint
) returns feature.feature_set_version
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  result feature.feature_set_version;
  moment constant timestamptz := clock_timestamp();
begin
  select * into result from feature.feature_set_version where feature_set_id = p_feature_set_id and is_current;
  if (result.version, result.base_version_id) is distinct from (p_compiled.version, p_base_version_id) then
    update feature.feature_set_version
    set is_current = false, in_force_to = moment
    where feature_set_version_id = result.feature_set_version_id;

    insert into feature.feature_set_version (
      feature_set_id, version, feature_names, kernels, lookback, compiled_sql, sources, base_version_id, group_kinds, in_force_from
    )
    values (
      p_feature_set_id, p_compiled.version, p_compiled.feature_names, p_compiled.kernels, p_compiled.lookback, p_compiled.compiled_sql,
      p_compiled.sources, p_base_version_id, p_compiled.group_kinds, moment
    )
    returning * into result;

    insert into feature.feature_definition (feature_set_version_id, name, position, expression, description)
    select result.feature_set_version_id, definition.name, definition.position, definition.expression, definition.description
    from unnest(p_compiled.definitions) with ordinality as definition (name, expression, description, position);

    -- Pieces by instrument are of no use to a set that compares instruments, nor the other way round.
    delete from feature.computation_task where feature_set_id = p_feature_set_id and (instrument_ids[1] is null) <> (p_base_version_id is not null);
    if p_base_version_id is not null then
      insert into feature.stale_cross_section (feature_set_id, from_ts, to_ts, reason)
      values (p_feature_set_id, '-infinity', 'infinity', format('version %s came into force', p_compiled.version));
    end if;
  else
    update feature.feature_definition as stored
    set description = definition.description
    from unnest(p_compiled.definitions) as definition
    where stored.feature_set_version_id = result.feature_set_version_id
      and stored.name = definition.name
      and stored.description <> definition.description;
  end if;
  return result;
end
$$;

comment on function feature.store_version(bigint, feature.compiled_set, bigint) is
'The version of the set p_feature_set_id that is in force afterwards: a new one made of p_compiled where that is not in force; then a set of two stages is marked in full. p_base_version_id: version of the companion that it is computed from, NULL for a set over bars. An equal version has its descriptions changed.';

revoke all on function feature.store_version(bigint, feature.compiled_set, bigint) from public;
