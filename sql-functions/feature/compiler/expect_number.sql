-- Refuses a condition where a number belongs.
create or replace function feature.expect_number(p_node jsonb, p_place text) returns void
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if feature.is_condition(p_node) then
    raise exception using
      errcode = 'MB001',
      message = format('A condition stands where %s needs a number.', p_place),
      hint = 'Turn it into a number: case when … then 1 else 0 end.';
  end if;
end
$$;

comment on function feature.expect_number(jsonb, text) is
'Returns nothing. p_node: tree of an expression. p_place: the word or sign that uses it, for the message. Errors: MB001 when it is a condition.';

revoke all on function feature.expect_number(jsonb, text) from public;
