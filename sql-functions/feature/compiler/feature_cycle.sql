-- Shows how a feature comes back to itself.
create or replace function feature.feature_cycle(p_trees jsonb, p_waiting text[]) returns text[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  path text[] := p_waiting[1:1];
  next text;
begin
  loop
    select min(named.name) into next
    from unnest(feature.named_features(p_trees -> path[cardinality(path)])) as named (name)
    where named.name = any (p_waiting);
    exit when next = any (path);
    path := path || next;
  end loop;
  return path[array_position(path, next):] || next;
end
$$;

comment on function feature.feature_cycle(jsonb, text[]) is
'The names along a cycle, the first one again at its end. p_trees: an object of names and trees. p_waiting: features each of which names another of them.';

revoke all on function feature.feature_cycle(jsonb, text[]) from public;
