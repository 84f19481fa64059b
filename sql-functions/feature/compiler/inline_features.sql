-- Puts the trees of other features in the place of their names.
create or replace function feature.inline_features(p_node jsonb, p_trees jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result jsonb := p_node;
begin
  if p_node ->> 'kind' = 'feature' then
    return p_trees -> (p_node ->> 'name');
  elsif p_node ? 'arguments' then
    for i in 0 .. jsonb_array_length(p_node -> 'arguments') - 1 loop
      result := jsonb_set(result, array['arguments', i::text], feature.inline_features(p_node -> 'arguments' -> i, p_trees));
    end loop;
  end if;
  if length(result::text) > 100000 then
    raise exception using
      errcode = 'MB001',
      message = 'With the features that it names the expression is too long.',
      hint = 'Let it name fewer features, or simplify those.';
  end if;
  return result;
end
$$;

comment on function feature.inline_features(jsonb, jsonb) is
'The tree p_node with p_trees, an object of names and trees, in the place of the names of features. Errors: MB001 where the result is longer than 100,000 characters of JSON.';

revoke all on function feature.inline_features(jsonb, jsonb) from public;
