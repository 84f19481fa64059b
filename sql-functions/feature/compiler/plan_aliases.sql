-- The names of the entries of a plan's list that belong to a level.
create or replace function feature.plan_aliases(p_list jsonb, p_level integer) returns text[]
language sql immutable parallel safe
begin atomic
  select coalesce(array_agg(entry.value ->> 'alias' order by (entry.value ->> 'position')::integer), '{}')
  from jsonb_each(p_list) as entry
  where (entry.value ->> 'level')::integer = p_level;
end;

comment on function feature.plan_aliases(jsonb, integer) is
'The names of the entries of p_list (arguments, kernels or windows of a plan) at p_level, in order; empty for none.';

revoke all on function feature.plan_aliases(jsonb, integer) from public;
