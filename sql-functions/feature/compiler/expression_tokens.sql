-- Cuts an expression into tokens and refuses every character that no expression needs.
create or replace function feature.expression_tokens(p_expression text) returns text[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Numbers, names, kernels and operators; there are no strings, quotes, casts, comments or semicolons.
  token_pattern constant text :=
    '^\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])|[a-z_]\w*(?:\.\w+)?|<=|>=|<>|[-+*/^(),<>=])';
  rest text := lower(p_expression);
  token text;
  tokens text[] := '{}';
  depth integer := 0;
begin
  if p_expression is null or p_expression ~ '^\s*$' then
    raise exception using errcode = 'MB001', message = 'The expression is empty.', hint = 'Write something like ta.rsi(close, 14).';
  end if;
  if length(p_expression) > 2000 then
    raise exception using
      errcode = 'MB001',
      message = format('The expression has %s characters; 2000 are the limit.', length(p_expression)),
      hint = 'Split it into several features.';
  end if;
  if p_expression ~ '--|/\*' then
    raise exception using errcode = 'MB001', message = 'An expression has no comments.', hint = 'Put the explanation into the description.';
  end if;
  while rest !~ '^\s*$' loop
    token := (regexp_match(rest, token_pattern))[1];
    if token is null then
      raise exception using
        errcode = 'MB001',
        message = format('%L cannot stand in an expression.', left(ltrim(rest, E' \t\r\n'), 1)),
        detail = (cardinality(tokens) + 1)::text,
        hint = 'An expression has numbers, the columns of a bar, ta kernels, + - * / ^, comparisons, case and parentheses.';
    end if;
    rest := substr(rest, strpos(rest, token) + length(token));
    tokens := tokens || token;
    depth := depth + case when token in ('(', 'case') then 1 when token in (')', 'end') then -1 else 0 end;
    if depth > 30 or cardinality(tokens) > 400 then
      raise exception using
        errcode = 'MB001',
        message = 'The expression is too long: 400 words and signs and 30 levels of parentheses are the limit.',
        hint = 'Split it into several features.';
    end if;
  end loop;
  return tokens;
end
$$;

comment on function feature.expression_tokens(text) is
'Tokens of a feature expression in lower case, in order. p_expression: the text, at most 2,000 characters.
Errors: MB001 for NULL, an empty text, comments, quotes, semicolons and every other character that an expression does not need, and for more than 400 tokens or 30 levels of parentheses.';

revoke all on function feature.expression_tokens(text) from public;
