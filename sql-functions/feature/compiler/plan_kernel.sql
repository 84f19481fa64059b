-- Plans a kernel call: which arrays it needs, when it can run, how far back it looks.
create or replace function feature.plan_kernel(
  p_node jsonb,
  inout plan jsonb,
  out alias text,
  out level integer,
  out lookback double precision
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  kernel_name constant text := 'ta.' || (p_node ->> 'name');
  arguments constant jsonb := p_node -> 'arguments';
  kernel record;
  planned record;
  argument jsonb;
  argument_type oid;
  calls text[] := '{}';
  row_arguments text[] := '{}';
  trials text[] := '{}';
  constants text[] := '{}';
  kernel_lookback double precision;
  sql text;
  error_code text;
  error_detail text;
  error_hint text;
begin
  select known.kernel, known.arguments as usage, known.row_form, function.proargtypes, function.proargnames,
    function.pronargs, function.pronargdefaults, function.oid
  into kernel
  from pg_proc as function
  join feature.kernel as known on known.kernel_oid = function.oid
  where function.proname = p_node ->> 'name' and function.pronamespace = 'ta'::regnamespace;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('There is no kernel %s.', kernel_name),
      hint = coalesce(
        (
          select 'Did you mean ' || string_agg(known.kernel, ' or ' order by known.kernel) || '?'
          from feature.kernel as known
          where starts_with(known.kernel, 'ta.' || left(p_node ->> 'name', 2)) or strpos(known.kernel, p_node ->> 'name') > 0
        ),
        'feature.kernel lists the kernels.'
      );
  end if;
  if jsonb_array_length(arguments) not between kernel.pronargs - kernel.pronargdefaults and kernel.pronargs then
    raise exception using
      errcode = 'MB001',
      message = format('%s was given %s arguments.', kernel_name, jsonb_array_length(arguments)),
      hint = format('It takes %s.', kernel.usage);
  end if;

  level := 0;
  lookback := 0;
  for i in 1 .. kernel.pronargs loop
    argument := arguments -> (i - 1);
    argument_type := kernel.proargtypes[i - 1];
    if argument is null then
      constants[i] := pg_get_function_arg_default(kernel.oid, i);
      row_arguments := row_arguments || constants[i];
    elsif argument_type = 'double precision[]'::regtype then
      select * into planned from feature.plan_expression(argument, plan);
      if argument ->> 'kind' = 'number' then
        raise exception using
          errcode = 'MB001',
          message = format('Argument %s of %s is a series; %s is a number.', kernel.proargnames[i], kernel_name, planned.sql),
          hint = format('It takes %s.', kernel.usage);
      end if;
      plan := planned.plan;
      level := greatest(level, planned.level);
      lookback := greatest(lookback, planned.lookback);
      if planned.sql !~ '^\w+$' then
        plan := feature.plan_alias(plan, 'arguments', planned.sql, planned.level);
        planned.sql := plan ->> 'alias';
      end if;
      calls := calls || planned.sql;
      row_arguments := row_arguments || planned.sql;
      trials := trials || 'array[3, 1, 2]::double precision[]'::text;
    else
      if argument ->> 'kind' <> 'number' or (argument_type = 'integer'::regtype and (argument ->> 'text') !~ '^-?\d{1,9}$') then
        raise exception using
          errcode = 'MB001',
          message = format('Argument %s of %s must be a %s.', kernel.proargnames[i], kernel_name,
            case argument_type when 'integer'::regtype then 'whole number' else 'constant' end),
          hint = format('It takes %s.', kernel.usage);
      end if;
      constants[i] := argument ->> 'text';
      calls := calls || constants[i];
      row_arguments := row_arguments || constants[i];
      trials := trials || constants[i];
    end if;
  end loop;

  -- The kernel itself says what is wrong with a constant.
  execute format('select %s(%s)', kernel_name, array_to_string(trials, ', '));

  kernel_lookback := feature.kernel_lookback(kernel_name, constants);
  lookback := lookback + kernel_lookback;
  plan := jsonb_set(plan, array['used', kernel_name], 'true');
  sql := format('%s(%s)', kernel_name, array_to_string(calls, ', '));
  -- Up to 64 bars a frame that is put together from short ones costs less than sums that slide without error.
  level := level + 1;
  if kernel.row_form is null or (kernel.row_form ~ '\mover frame\M' and kernel_lookback > 63) then
    plan := feature.plan_alias(plan, 'kernels', sql, level);
  else
    plan := feature.plan_alias(plan, 'windows', feature.row_form(kernel.row_form, kernel.proargnames, row_arguments, kernel_lookback::integer), level, sql);
  end if;
  alias := plan ->> 'alias';
exception
  when sqlstate 'MB001' or sqlstate 'MB003' then
    get stacked diagnostics error_code = returned_sqlstate, error_detail = pg_exception_detail, error_hint = pg_exception_hint;
    raise exception using errcode = error_code, message = sqlerrm, detail = coalesce(nullif(error_detail, ''), p_node ->> 'place'), hint = error_hint;
end
$$;

comment on function feature.plan_kernel(jsonb, jsonb) is
'Plans the call of a kernel. p_node: its tree. plan: see feature.plan_expression.
A kernel that has a row form becomes an expression over windows, others a call on arrays; see feature.kernel.
Gives the plan, the column that holds the result, the level at which the kernel runs (1 after the bars, 2 after kernels of level 1, …) and the lookback in bars.
Errors: MB003 for an unknown kernel, MB001 for a wrong number or kind of arguments and what the kernel says about a constant, each with the position of the token as detail.';

revoke all on function feature.plan_kernel(jsonb, jsonb) from public;
