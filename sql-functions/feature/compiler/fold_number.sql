-- Computes what has only numbers, so that 1 / 2 is 0.5 and 20 - 1 may be the period of a kernel.
create or replace function feature.fold_number(p_node jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  operator constant text := p_node ->> 'name';
  x constant double precision := p_node -> 'arguments' -> 0 ->> 'text';
  y constant double precision := p_node -> 'arguments' -> 1 ->> 'text';
begin
  if p_node ->> 'kind' <> 'operator' or x is null or y is null or feature.is_condition(p_node) then
    return p_node;
  end if;
  if (operator = '/' and y = 0)
    or (operator = '^' and (
      (x = 0 and y < 0) or (x < 0 and y <> floor(y)) or abs(y) > 1000 or (x <> 0 and abs(y * log(abs(x))) > 150)
    ))
  then
    raise exception using
      errcode = 'MB001',
      message = format('%s %s %s cannot be computed.', x, operator, y),
      hint = 'Correct the constant.';
  end if;
  return feature.number_node(case operator
    when '+' then x + y
    when '-' then x - y
    when '*' then x * y
    when '/' then x / y
    when '^' then x ^ y
  end);
end
$$;

comment on function feature.fold_number(jsonb) is
'The tree p_node, or a number in its place when it is an arithmetic operator between two numbers.
Errors: MB001 when that cannot be computed, such as 1 / 0, or is out of range.';

revoke all on function feature.fold_number(jsonb) from public;
