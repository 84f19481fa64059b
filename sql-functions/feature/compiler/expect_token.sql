-- Steps over a token that must be there.
create or replace function feature.expect_token(p_tokens text[], p_position integer, p_token text) returns integer
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if p_tokens[p_position] is distinct from p_token then
    raise exception using
      errcode = 'MB001',
      message = case
        when p_position > cardinality(p_tokens) then format('The expression ends where %s is expected.', p_token)
        else format('%s is expected where %s stands.', p_token, p_tokens[p_position])
      end,
      detail = p_position::text,
      hint = format('Write %s there.', p_token);
  end if;
  return p_position + 1;
end
$$;

comment on function feature.expect_token(text[], integer, text) is
'The position after the token p_token, which must stand at p_position of p_tokens. Errors: MB001 where another or none stands there.';

revoke all on function feature.expect_token(text[], integer, text) from public;
