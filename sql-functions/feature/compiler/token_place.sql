-- Says where a token stands in an expression.
create or replace function feature.token_place(p_expression text, p_token text) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  rest text := p_expression;
  place integer := 1;
begin
  if p_token is null or p_token !~ '^[0-9]{1,4}$' then
    return '';
  end if;
  for i in 1 .. p_token::integer loop
    place := place + length(rest) - length(ltrim(rest, E' \t\r\n'));
    rest := ltrim(rest, E' \t\r\n');
    exit when i = p_token::integer;
    rest := regexp_replace(rest, '^((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[a-z_]\w*(\.\w+)?|<=|>=|<>|.)', '', 'i');
    place := length(p_expression) - length(rest) + 1;
  end loop;
  return format(', at character %s%s', place, case when rest = '' then ' (its end)' else format(' (%s)', left(rest, 12)) end);
end
$$;

comment on function feature.token_place(text, text) is
'Text such as ", at character 14 (foo)" for the token of p_expression with the number p_token, counted from 1; empty where p_token is no number.';

revoke all on function feature.token_place(text, text) from public;
