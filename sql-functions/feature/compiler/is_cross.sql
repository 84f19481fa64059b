-- Tells whether an expression compares instruments.
create or replace function feature.is_cross(p_node jsonb) returns boolean
language sql immutable parallel safe
return jsonb_path_exists(p_node, 'strict $.** ? (@.type() == "object" && @.kind == "cross")');

comment on function feature.is_cross(jsonb) is 'True when a cs function is in p_node, the tree of an expression; NULL for NULL.';

revoke all on function feature.is_cross(jsonb) from public;
