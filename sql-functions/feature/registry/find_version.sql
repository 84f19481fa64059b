-- A version of a set by its hash, or the one in force.
create or replace function feature.find_version(p_set text, p_version text default null) returns feature.feature_set_version
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  result feature.feature_set_version;
begin
  select version.*
  into result
  from feature.feature_set_version as version
  where version.feature_set_id = current_set.feature_set_id
    and version.version = coalesce(p_version, current_set.version)
  order by version.in_force_from desc
  limit 1;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('Set %s has no version %L.', p_set, left(p_version, 40)),
      hint = (
        select format('It has: %s.', string_agg(version.version, ', ' order by version.in_force_from desc))
        from feature.feature_set_version as version
        where version.feature_set_id = current_set.feature_set_id
      );
  end if;
  return result;
end
$$;

comment on function feature.find_version(text, text) is
'The version p_version of set p_set, the last one that was in force where it came back, or the one in force for NULL. Errors: MB003 for an unknown set or version, with the known ones in the hint.';

revoke all on function feature.find_version(text, text) from public;
grant execute on function feature.find_version(text, text) to marketbase_reader;
