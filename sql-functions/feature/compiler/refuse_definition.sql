-- Raises an error of an expression with the name of its feature and the place in it.
create or replace function feature.refuse_definition(p_definition feature.definition, p_code text, p_message text, p_token text, p_hint text) returns void
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = case p_code when 'MB003' then 'MB003' else 'MB001' end,
    message = format('Feature %s%s: %s', p_definition.name, feature.token_place(p_definition.expression, p_token), p_message),
    hint = p_hint;
end
$$;

comment on function feature.refuse_definition(feature.definition, text, text, text, text) is
'Raises MB003 where that is p_code, else MB001, with the name of p_definition and the place of the token number p_token before p_message. Returns never.';

revoke all on function feature.refuse_definition(feature.definition, text, text, text, text) from public;
