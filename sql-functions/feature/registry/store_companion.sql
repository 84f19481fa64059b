-- Defines the first stage of a set that compares instruments.
create or replace function feature.store_companion(p_feature_set_id bigint, p_compiled feature.compiled_set) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  parent constant feature.feature_set := (select known from feature.feature_set as known where known.feature_set_id = p_feature_set_id);
  companion feature.feature_set;
  companion_name constant text := parent.name || '_base';
  result bigint;
begin
  select * into companion from feature.feature_set where companion_of = p_feature_set_id;
  if not found then
    if length(companion_name) > 48 then
      raise exception using
        errcode = 'MB001',
        message = format('The name %s is too long for a set that compares instruments.', parent.name),
        hint = 'Its first stage is called <name>_base: use at most 43 letters.';
    elsif feature.is_name_taken(companion_name) then
      raise exception using
        errcode = 'MB008',
        message = format('The first stage of set %s cannot be named %s: something else has that name.', parent.name, companion_name),
        hint = 'Choose another name for the set.';
    end if;
    insert into feature.feature_set (name, description, bar_interval, is_active, companion_of)
    values (companion_name, format('First stage of set %s: what its instruments are compared by.', parent.name), parent.bar_interval, parent.is_active, p_feature_set_id)
    returning * into companion;
  end if;
  result := (feature.store_version(companion.feature_set_id, p_compiled, null)).feature_set_version_id;
  perform feature.create_set_view(companion.name);
  return result;
end
$$;

comment on function feature.store_companion(bigint, feature.compiled_set) is
'Defines <set>_base, the companion of the set p_feature_set_id, by p_compiled, with its view, and gives its version in force.
Errors: MB001 for a name that is too long, MB008 for one that is taken.';

revoke all on function feature.store_companion(bigint, feature.compiled_set) from public;
