-- Whether a JSON value fits a JSON schema.
create or replace function quality.json_matches(p_value jsonb, p_schema jsonb)
returns boolean
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_words constant text[] := string_to_array(
    'type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern items minItems maxItems uniqueItems '
    'properties required additionalProperties minProperties maxProperties allOf anyOf oneOf not title description default examples $schema $id $comment', ' ');
  v_kind constant text := jsonb_typeof(p_value);
  v_word text;
  v_rule jsonb;
  v_fits boolean := true;
begin
  if jsonb_typeof(p_schema) = 'boolean' then
    return p_schema::boolean;
  elsif jsonb_typeof(p_schema) is distinct from 'object' then
    raise exception using errcode = 'MB001', message = format('%s is not a JSON schema.', left(p_schema::text, 80)), hint = 'A schema is a JSON object.';
  end if;
  -- Every word is looked at, so that a schema with an unknown one is refused whatever the value.
  for v_word, v_rule in select each.key, each.value from jsonb_each(p_schema) as each loop
    if v_word <> all (c_words) then
      raise exception using errcode = 'MB001', message = format('%s is not a word of JSON schemas that is known.', quote_literal(left(v_word, 80))),
        hint = format('Known are %s.', array_to_string(c_words, ', '));
    end if;
    v_fits := case v_word
      when 'type' then exists (
        select
        from jsonb_array_elements_text(case jsonb_typeof(v_rule) when 'array' then v_rule else jsonb_build_array(v_rule) end) as wanted (name)
        where wanted.name = v_kind or wanted.name = 'integer' and v_kind = 'number' and (p_value #>> '{}')::numeric % 1 = 0
      )
      when 'enum' then v_rule @> jsonb_build_array(p_value) and exists (select from jsonb_array_elements(v_rule) as listed (value) where listed.value = p_value)
      when 'const' then p_value = v_rule
      when 'minimum' then v_kind <> 'number' or p_value >= v_rule
      when 'maximum' then v_kind <> 'number' or p_value <= v_rule
      when 'exclusiveMinimum' then v_kind <> 'number' or p_value > v_rule
      when 'exclusiveMaximum' then v_kind <> 'number' or p_value < v_rule
      when 'multipleOf' then v_kind <> 'number' or (p_value #>> '{}')::numeric % v_rule::numeric = 0
      when 'minLength' then v_kind <> 'string' or length(p_value #>> '{}') >= v_rule::integer
      when 'maxLength' then v_kind <> 'string' or length(p_value #>> '{}') <= v_rule::integer
      when 'pattern' then v_kind <> 'string' or p_value #>> '{}' ~ (v_rule #>> '{}')
      when 'minItems' then v_kind <> 'array' or jsonb_array_length(p_value) >= v_rule::integer
      when 'maxItems' then v_kind <> 'array' or jsonb_array_length(p_value) <= v_rule::integer
      when 'uniqueItems' then v_kind <> 'array' or not v_rule::boolean
        or jsonb_array_length(p_value) = (select count(distinct item.value) from jsonb_array_elements(p_value) as item)
      when 'items' then coalesce((
        select bool_and(quality.json_matches(item.value, v_rule))
        from jsonb_array_elements(case v_kind when 'array' then p_value else '[null]' end) as item
      ), true) or v_kind <> 'array'
      when 'required' then v_kind <> 'object' or p_value ?& array(select jsonb_array_elements_text(v_rule))
      when 'properties' then coalesce((
        select bool_and(quality.json_matches(p_value -> property.key, property.value) or v_kind <> 'object' or not p_value ? property.key)
        from jsonb_each(v_rule) as property
      ), true)
      when 'additionalProperties' then coalesce((
        select bool_and(quality.json_matches(other.value, v_rule))
        from jsonb_each(case v_kind when 'object' then p_value - array(select jsonb_object_keys(coalesce(p_schema -> 'properties', '{}'))) else '{}' end) as other
      ), true)
      when 'minProperties' then v_kind <> 'object' or (select count(*) from jsonb_object_keys(case v_kind when 'object' then p_value else '{}' end)) >= v_rule::integer
      when 'maxProperties' then v_kind <> 'object' or (select count(*) from jsonb_object_keys(case v_kind when 'object' then p_value else '{}' end)) <= v_rule::integer
      when 'allOf' then (select bool_and(quality.json_matches(p_value, part.value)) from jsonb_array_elements(v_rule) as part)
      when 'anyOf' then (select bool_or(quality.json_matches(p_value, part.value)) from jsonb_array_elements(v_rule) as part)
      when 'oneOf' then (select count(*) filter (where quality.json_matches(p_value, part.value)) = 1 from jsonb_array_elements(v_rule) as part)
      when 'not' then not quality.json_matches(p_value, v_rule)
      else true
    end and v_fits;
  end loop;
  return v_fits;
end;
$$;

comment on function quality.json_matches(jsonb, jsonb) is
E'@behavior -*\nWhether p_value fits the JSON schema p_schema (json-schema.org, draft 2020-12: type, enum, const, the limits of numbers, texts, arrays and objects, items, properties, required, additionalProperties, allOf, anyOf, oneOf and not; no references). NULL for a NULL value whose schema asks for its type. Errors: MB001 for a schema with another word.';

revoke all on function quality.json_matches(jsonb, jsonb) from public;
grant execute on function quality.json_matches(jsonb, jsonb) to marketbase_worker, marketbase_author;
