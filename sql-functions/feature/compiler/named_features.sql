-- The features that an expression names.
create or replace function feature.named_features(p_node jsonb) returns text[]
language sql immutable parallel safe
begin atomic
  select coalesce(array_agg(distinct named.name #>> '{}'), '{}')
  from jsonb_path_query(p_node, 'strict $.** ? (@.type() == "object" && @.kind == "feature").name') as named (name);
end;

comment on function feature.named_features(jsonb) is
'Names of the features of its set that p_node, the tree of an expression, uses; empty for none.';

revoke all on function feature.named_features(jsonb) from public;
