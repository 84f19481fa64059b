-- A list of a parameter as an array that a column can be compared with.
create or replace function quality.typed_array(p_values jsonb, p_type regtype)
returns text
language sql
stable
parallel safe
set search_path to pg_catalog, pg_temp
begin atomic
  select format('array[%s]', string_agg(quality.typed_literal(listed.value, p_type), ', ' order by listed.position))
  from jsonb_array_elements(p_values) with ordinality as listed (value, position);
end;

comment on function quality.typed_array(jsonb, regtype) is
E'@behavior -*\nThe elements of the JSON array p_values as an SQL array of the type p_type. Errors: as quality.typed_literal.';

revoke all on function quality.typed_array(jsonb, regtype) from public;
grant execute on function quality.typed_array(jsonb, regtype) to marketbase_worker, marketbase_author;
