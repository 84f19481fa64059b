-- A condition on a value by the parameters min, max, strict_min, strict_max and tolerance.
create or replace function quality.between_sql(p_value text, p_type regtype, p_parameters jsonb)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_tolerance constant text := quote_literal(p_parameters ->> 'tolerance') || '::numeric';
  v_min text;
  v_max text;
begin
  if coalesce(p_parameters ->> 'min', p_parameters ->> 'max') is null then
    raise exception using errcode = 'MB001', message = 'Neither min nor max is given.', hint = 'Give one of them, or both.';
  elsif v_tolerance is not null and (select type.typcategory from pg_type as type where type.oid = p_type) <> 'N' then
    raise exception using errcode = 'MB001',
      message = format('A tolerance is a number and cannot be added to a value of type %s.', p_type), hint = 'Leave the tolerance out.';
  end if;
  if p_parameters ->> 'min' is not null then
    v_min := format(
      '%s %s %s%s', p_value, case when (p_parameters -> 'strict_min')::boolean then '>' else '>=' end,
      quality.typed_literal(p_parameters -> 'min', p_type), ' - ' || v_tolerance
    );
  end if;
  if p_parameters ->> 'max' is not null then
    v_max := format(
      '%s %s %s%s', p_value, case when (p_parameters -> 'strict_max')::boolean then '<' else '<=' end,
      quality.typed_literal(p_parameters -> 'max', p_type), ' + ' || v_tolerance
    );
  end if;
  return format('(%s)', concat_ws(' and ', v_min, v_max));
end;
$$;

comment on function quality.between_sql(text, regtype, jsonb) is
E'@behavior -*\nThe condition that the SQL expression p_value, of type p_type, lies between the min and the max of p_parameters, both included unless strict_min or strict_max; tolerance widens both sides. Errors: MB001 where both are missing or do not fit the type.';

revoke all on function quality.between_sql(text, regtype, jsonb) from public;
grant execute on function quality.between_sql(text, regtype, jsonb) to marketbase_worker, marketbase_author;
