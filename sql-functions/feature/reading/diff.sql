-- What another version of a set changes in its values.
create or replace function feature.diff(p_set text, p_version_a text, p_version_b text) returns setof feature.version_difference
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  a constant feature.feature_set_version := feature.find_version(p_set, p_version_a);
  b constant feature.feature_set_version := feature.find_version(p_set, p_version_b);
begin
  return query
    select
      name,
      count(*),
      count(*) filter (where old.value is distinct from new.value),
      min(vector_a.ts) filter (where old.value is distinct from new.value),
      max(abs(new.value - old.value)),
      max(abs(new.value - old.value) / nullif(abs(old.value), 0))
    from feature.feature_vector as vector_a
    join feature.feature_vector as vector_b
      on vector_b.instrument_id = vector_a.instrument_id
      and vector_b.feature_set_version_id = b.feature_set_version_id
      and vector_b.ts = vector_a.ts
    cross join unnest(a.feature_names) with ordinality as named (name, position)
    cross join lateral (select vector_a.values[named.position] as value) as old
    cross join lateral (select vector_b.values[array_position(b.feature_names, named.name)] as value) as new
    where vector_a.feature_set_version_id = a.feature_set_version_id
      and named.name = any (b.feature_names)
    group by name, named.position
    order by named.position;
end
$$;

comment on function feature.diff(text, text, text) is
'How the values that the versions p_version_a and p_version_b of p_set have for the same bars differ, a row for each feature that both have; NULL for a version means the one in force.
No rows where the two have no bar in common. Errors: MB003 for an unknown set or version.';

revoke all on function feature.diff(text, text, text) from public;
grant execute on function feature.diff(text, text, text) to marketbase_reader;
