-- Tells whether a divisor needs no guard against zero.
create or replace function feature.is_never_zero(p_node jsonb) returns boolean
language sql immutable parallel safe
return coalesce((p_node ->> 'text')::double precision <> 0, false)
  or (p_node ->> 'kind' = 'column' and p_node ->> 'name' <> 'volume');

comment on function feature.is_never_zero(jsonb) is
'True when p_node, the tree of an expression, is a constant other than 0 or a price, which market.price_data keeps positive; else false. NULL for NULL.';

revoke all on function feature.is_never_zero(jsonb) from public;
