-- A value of a parameter as a literal that can be compared with a column.
create or replace function quality.typed_literal(p_value jsonb, p_type regtype)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Whole numbers are compared with fractions too.
  v_type constant regtype := case when p_type in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then 'numeric'::regtype else p_type end;
begin
  if coalesce(jsonb_typeof(p_value) not in ('string', 'number', 'boolean'), true) or not pg_input_is_valid(p_value #>> '{}', v_type::text) then
    raise exception using errcode = 'MB001',
      message = format('%s is not a value of type %s.', coalesce(left(p_value::text, 80), 'null'), v_type),
      hint = 'Write it as a column of that type shows it.';
  end if;
  return format('%L::%s', p_value #>> '{}', v_type);
end;
$$;

comment on function quality.typed_literal(jsonb, regtype) is
E'@behavior -*\np_value as an SQL literal of the type p_type (numeric for whole numbers). Errors: MB001 where it is none of that type.';

revoke all on function quality.typed_literal(jsonb, regtype) from public;
grant execute on function quality.typed_literal(jsonb, regtype) to marketbase_worker, marketbase_author;
