-- Writes the entries of a plan's list that belong to a level.
create or replace function feature.compile_list(p_list jsonb, p_level integer, p_format text) returns text
language sql immutable parallel safe
begin atomic
  select coalesce(string_agg(format(p_format, entry.key, entry.value ->> 'alias'), '' order by (entry.value ->> 'position')::integer), '')
  from jsonb_each(p_list) as entry
  where (entry.value ->> 'level')::integer = p_level;
end;

comment on function feature.compile_list(jsonb, integer, text) is
'One text of the entries of p_list (arguments or kernels of a plan) at p_level, each written by p_format with its SQL as %1$s and its name as %2$s; empty for none.';

revoke all on function feature.compile_list(jsonb, integer, text) from public;
