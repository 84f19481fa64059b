-- Turns the tree of an expression into SQL over rows, and plans the kernel calls that it needs.
create or replace function feature.plan_expression(
  p_node jsonb,
  inout plan jsonb,
  out sql text,
  out binding integer,
  out level integer,
  out lookback double precision
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  kind constant text := p_node ->> 'kind';
  name constant text := p_node ->> 'name';
  argument jsonb;
  planned record;
  parts text[] := '{}';
  bindings integer[] := '{}';
begin
  level := 0;
  lookback := 0;
  binding := 9;

  if kind = 'number' then
    sql := p_node ->> 'text';
    binding := case when sql like '-%' then 4 else 9 end;
    return;
  elsif kind = 'column' then
    sql := name;
    if not plan -> 'columns' ? name then
      plan := jsonb_set(
        plan, array['columns', name],
        (select jsonb_build_object('function', source_function, 'concepts', concepts) from feature.bar_column where column_name = name)
      );
    end if;
    return;
  elsif kind = 'kernel' then
    select called.plan, called.alias, called.level, called.lookback
    into plan, sql, level, lookback
    from feature.plan_kernel(p_node, plan) as called;
    return;
  elsif kind = 'base' then
    sql := quote_ident(name);
    return;
  elsif kind = 'cross' then
    select compared.plan, compared.alias, compared.level
    into plan, sql, level
    from feature.plan_cross(p_node, plan) as compared;
    return;
  end if;

  for argument in select * from jsonb_array_elements(p_node -> 'arguments') loop
    select * into planned from feature.plan_expression(argument, plan);
    plan := planned.plan;
    parts := parts || planned.sql;
    bindings := bindings || planned.binding;
    level := greatest(level, planned.level);
    lookback := greatest(lookback, planned.lookback);
  end loop;

  if kind = 'operator' then
    binding := case when name = 'or' then 1 when name = 'and' then 2 when name in ('+', '-') then 5 when name in ('*', '/') then 6 when name = '^' then 7 else 4 end;
    -- What cannot be computed is NULL: a division by zero, a root of a negative number.
    if name = '/' and not feature.is_never_zero(p_node -> 'arguments' -> 1) then
      parts[2] := format('nullif(%s, 0)', parts[2]);
      bindings[2] := 9;
    elsif name = '^' then
      parts[1] := feature.guarded_base(parts[1], p_node -> 'arguments' -> 1);
      bindings[1] := case when parts[1] like 'case %' then 0 else bindings[1] end;
    end if;
    if bindings[1] < binding or (binding = 4 and bindings[1] = 4) then
      parts[1] := '(' || parts[1] || ')';
    end if;
    if bindings[2] <= binding then
      parts[2] := '(' || parts[2] || ')';
    end if;
    sql := format('%s %s %s', parts[1], name, parts[2]);
  elsif kind in ('minus', 'not') then
    binding := case kind when 'minus' then 8 else 3 end;
    if bindings[1] <= binding then
      parts[1] := '(' || parts[1] || ')';
    end if;
    sql := case kind when 'minus' then '-' else 'not ' end || parts[1];
  elsif kind in ('is null', 'is not null') then
    binding := 4;
    sql := format('%s %s', case when bindings[1] <= 4 then '(' || parts[1] || ')' else parts[1] end, kind);
  elsif kind = 'function' then
    sql := case name
      when 'ln' then format('ln(nullif(greatest(%s, 0), 0))', parts[1])
      when 'log10' then format('log10(nullif(greatest(%s, 0), 0))', parts[1])
      when 'sqrt' then format('sqrt(case when %1$s >= 0 then %1$s end)', parts[1])
      when 'exp' then format('exp(case when %1$s between -700 and 700 then %1$s end)', parts[1])
      else format('%s(%s)', name, array_to_string(parts, ', '))
    end;
  elsif kind = 'case' then
    sql := 'case';
    for i in 1 .. cardinality(parts) / 2 loop
      sql := sql || format(' when %s then %s', parts[2 * i - 1], parts[2 * i]);
    end loop;
    sql := sql || case when cardinality(parts) % 2 = 1 then ' else ' || parts[cardinality(parts)] else '' end || ' end';
  end if;
  -- The guards of sqrt, exp and powers write their argument twice, so that nesting them doubles the text each time.
  if length(sql) > 10000 then
    raise exception using
      errcode = 'MB001',
      message = 'The expression nests too many roots, exponentials and powers.',
      hint = 'Simplify it, or compute a part of it as a feature of its own.';
  end if;
end
$$;

comment on function feature.plan_expression(jsonb, jsonb) is
'SQL of an expression over rows, in which each kernel call is a column, and the plan with the columns and kernel calls that it needs; each distinct call is planned once.
p_node: tree from feature.parse_expression without names of features, or of the second stage from feature.split_stages. plan: an object with columns, arguments, kernels and windows, or see feature.plan_cross.
Also: how tightly the SQL binds, the level of the last kernels that it needs (0: none) and the lookback in bars (infinity: unbounded).
What cannot be computed is NULL: a division by zero, a logarithm or root of a number that has none, an exponential that is no double.
Errors: MB001 and MB003 of feature.plan_kernel and feature.plan_cross, MB001 for roots, exponentials and powers nested too deeply.';

revoke all on function feature.plan_expression(jsonb, jsonb) from public;
