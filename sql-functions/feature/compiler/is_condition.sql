-- Tells a condition from a number.
create or replace function feature.is_condition(p_node jsonb) returns boolean
language sql immutable parallel safe
return p_node ->> 'kind' in ('not', 'is null', 'is not null')
  or (p_node ->> 'kind' = 'operator' and p_node ->> 'name' in ('or', 'and', '<', '<=', '>', '>=', '=', '<>'));

comment on function feature.is_condition(jsonb) is 'True when p_node, the tree of an expression, is a condition; false for a number; NULL for NULL.';

revoke all on function feature.is_condition(jsonb) from public;
