-- Reads tokens into a tree by precedence climbing. What the tree cannot express, the compiled query cannot do.
create or replace function feature.parse_expression(
  p_tokens text[],
  p_position integer,
  p_binding integer,
  p_features text[],
  out node jsonb,
  out next_position integer
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  words constant text[] := '{and,or,not,is,"null",case,when,then,else,end}';
  -- Allowed functions with the least and the greatest number of arguments.
  functions constant jsonb := '{
    "abs": [1, 1], "sign": [1, 1], "sqrt": [1, 1], "exp": [1, 1], "ln": [1, 1], "log10": [1, 1], "tanh": [1, 1], "atan": [1, 1],
    "floor": [1, 1], "ceil": [1, 1], "round": [1, 1], "power": [2, 2], "nullif": [2, 2], "greatest": [2, 20], "least": [2, 20], "coalesce": [2, 20]
  }';
  token text := p_tokens[p_position];
  operator text;
  binding integer;
  operand jsonb;
  operands jsonb := '[]';
  is_kernel boolean;
  is_cross boolean;
  group_place integer;
  -- Where a mistake lies, if there is one.
  place integer := p_position;
  error_code text;
  error_detail text;
  error_hint text;
begin
  next_position := p_position + 1;

  -- A value.
  if token is null then
    raise exception using errcode = 'MB001', message = 'The expression ends where a value is expected.', hint = 'Complete it, or close its parentheses.';

  elsif token in ('-', '+') then
    if p_tokens[next_position] in ('-', '+') then
      raise exception using errcode = 'MB001', message = format('Two signs stand in a row: %s%s.', token, p_tokens[next_position]), hint = 'Remove one of them.';
    end if;
    place := next_position;
    select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, 8, p_features) as parsed;
    perform feature.expect_number(operand, token);
    node := case
      when token = '+' then operand
      when operand ->> 'kind' = 'number' then feature.number_node(-(operand ->> 'text')::double precision)
      else jsonb_build_object('kind', 'minus', 'arguments', jsonb_build_array(operand))
    end;

  elsif token = 'not' then
    if p_tokens[next_position] = 'not' then
      raise exception using errcode = 'MB001', message = 'Two words not stand in a row.', hint = 'Remove both.';
    end if;
    place := next_position;
    select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, 3, p_features) as parsed;
    perform feature.expect_condition(operand, 'not');
    node := jsonb_build_object('kind', 'not', 'arguments', jsonb_build_array(operand));

  elsif token = '(' then
    place := next_position;
    select parsed.node, parsed.next_position into node, next_position from feature.parse_expression(p_tokens, place, 0, p_features) as parsed;
    next_position := feature.expect_token(p_tokens, next_position, ')');

  elsif token ~ '^[.\d]' then
    if token !~ '^[\d.]{1,100}(e[+-]?\d{1,3})?$' or abs(token::numeric) > 1e150 or abs(token::numeric) between 1e-400 and 1e-150 then
      raise exception using errcode = 'MB001', message = format('The number %s is out of range.', left(token, 30)), hint = 'Its size must be between 1e-150 and 1e150.';
    end if;
    node := feature.number_node(token::double precision);

  elsif token = 'case' then
    loop
      next_position := feature.expect_token(p_tokens, next_position, 'when');
      place := next_position;
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, 0, p_features) as parsed;
      perform feature.expect_condition(operand, 'when');
      operands := operands || jsonb_build_array(operand);
      next_position := feature.expect_token(p_tokens, next_position, 'then');
      place := next_position;
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, 0, p_features) as parsed;
      perform feature.expect_number(operand, 'then');
      operands := operands || jsonb_build_array(operand);
      exit when p_tokens[next_position] is distinct from 'when';
    end loop;
    if p_tokens[next_position] = 'else' then
      place := next_position + 1;
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, 0, p_features) as parsed;
      perform feature.expect_number(operand, 'else');
      operands := operands || jsonb_build_array(operand);
    end if;
    next_position := feature.expect_token(p_tokens, next_position, 'end');
    node := jsonb_build_object('kind', 'case', 'arguments', operands);

  elsif token ~ '^[a-z_]' and token <> all (words) and exists (select from feature.bar_column where column_name = token) then
    node := jsonb_build_object('kind', 'column', 'name', token);

  elsif p_tokens[next_position] = '(' and token <> all (words) and token ~ '^[a-z_]' then
    is_kernel := token like 'ta.%';
    is_cross := token like 'cs.%';
    if not is_kernel and not is_cross and not functions ? token then
      raise exception using
        errcode = 'MB003',
        message = format('%s is not a function that an expression may use.', token),
        hint = format('Kernels are called as ta.name(…), comparisons of instruments as cs.name(…); other functions are %s.',
          (select string_agg(known.name, ', ' order by known.name) from jsonb_object_keys(functions) as known (name)));
    end if;
    next_position := next_position + 1;
    while p_tokens[next_position] is distinct from ')' loop
      place := next_position;
      if is_cross and jsonb_array_length(operands) > 0 and p_tokens[place] ~ '^[a-z_]\w*$' and p_tokens[place + 1] = ')' then
        group_place := place;
        next_position := place + 1;
        exit;
      end if;
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, 0, p_features) as parsed;
      perform feature.expect_number(operand, token);
      operands := operands || jsonb_build_array(operand);
      exit when p_tokens[next_position] is distinct from ',';
      next_position := next_position + 1;
    end loop;
    next_position := feature.expect_token(p_tokens, next_position, ')');
    if is_kernel then
      node := jsonb_build_object('kind', 'kernel', 'name', substr(token, 4), 'place', p_position, 'arguments', operands);
    elsif is_cross then
      place := p_position;
      node := feature.cross_node(substr(token, 4), operands, p_tokens[group_place]) || jsonb_build_object('place', p_position, 'group_place', group_place);
    elsif jsonb_array_length(operands) between (functions -> token ->> 0)::integer and (functions -> token ->> 1)::integer then
      node := case
        when token = 'power' then feature.fold_number(jsonb_build_object('kind', 'operator', 'name', '^', 'arguments', operands))
        else jsonb_build_object('kind', 'function', 'name', token, 'arguments', operands)
      end;
    else
      place := p_position;
      raise exception using
        errcode = 'MB001',
        message = format('%s was given %s arguments.', token, jsonb_array_length(operands)),
        hint = format('It takes %s to %s.', functions -> token ->> 0, functions -> token ->> 1);
    end if;

  elsif token = any (p_features) then
    node := jsonb_build_object('kind', 'feature', 'name', token, 'place', p_position);

  elsif token ~ '^[a-z_]' and token <> all (words) then
    raise exception using
      errcode = 'MB003',
      message = format('%s is not a column of a bar, and no other feature of the set.', token),
      hint = 'The columns are open, high, low, close, volume and those of feature.bar_column; kernels are called as ta.name(…).';

  else
    raise exception using errcode = 'MB001', message = format('A value is expected where %s stands.', token), hint = 'Check the expression there.';
  end if;

  -- What follows it and binds more tightly than what stands before it.
  loop
    operator := p_tokens[next_position];
    binding := case
      when operator = 'or' then 1
      when operator = 'and' then 2
      when operator in ('<', '<=', '>', '>=', '=', '<>', 'is') then 4
      when operator in ('+', '-') then 5
      when operator in ('*', '/') then 6
      when operator = '^' then 7
    end;
    exit when binding is null or binding <= p_binding;
    if operator = 'is' then
      perform feature.expect_number(node, 'is');
      next_position := next_position + 1;
      node := jsonb_build_object('kind', case when p_tokens[next_position] = 'not' then 'is not null' else 'is null' end, 'arguments', jsonb_build_array(node));
      next_position := feature.expect_token(p_tokens, case when p_tokens[next_position] = 'not' then next_position + 1 else next_position end, 'null');
    else
      place := next_position + 1;
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, place, binding, p_features) as parsed;
      if binding < 3 then
        perform feature.expect_condition(node, operator);
        perform feature.expect_condition(operand, operator);
      else
        perform feature.expect_number(node, operator);
        perform feature.expect_number(operand, operator);
      end if;
      node := feature.fold_number(jsonb_build_object('kind', 'operator', 'name', operator, 'arguments', jsonb_build_array(node, operand)));
    end if;
  end loop;
exception
  when sqlstate 'MB001' or sqlstate 'MB003' then
    get stacked diagnostics error_code = returned_sqlstate, error_detail = pg_exception_detail, error_hint = pg_exception_hint;
    raise exception using errcode = error_code, message = sqlerrm, detail = coalesce(nullif(error_detail, ''), place::text), hint = error_hint;
end
$$;

comment on function feature.parse_expression(text[], integer, integer, text[]) is
'Tree of a feature expression, with the precedences of PostgreSQL, and the position after it.
p_tokens: from feature.expression_tokens. p_position: where to begin, from 1. p_binding: how tightly the operator before it binds; 0 at the start of an expression. p_features: names of the features of the set, which an expression may use.
Errors: MB001 for a syntax error or a value of the wrong kind, MB003 for an unknown column or function, each with the position of the token as detail.';

revoke all on function feature.parse_expression(text[], integer, integer, text[]) from public;
