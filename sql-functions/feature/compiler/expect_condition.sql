-- Refuses a number where a condition belongs.
create or replace function feature.expect_condition(p_node jsonb, p_place text) returns void
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if not feature.is_condition(p_node) then
    raise exception using
      errcode = 'MB001',
      message = format('A number stands where %s needs a condition.', p_place),
      hint = 'Compare it with something, such as close > open.';
  end if;
end
$$;

comment on function feature.expect_condition(jsonb, text) is
'Returns nothing. p_node: tree of an expression. p_place: the word that uses it, for the message. Errors: MB001 when it is a number.';

revoke all on function feature.expect_condition(jsonb, text) from public;
