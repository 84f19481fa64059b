-- What a JSON value is, in a few words.
create or replace function ingest.describe(p_document jsonb) returns text
language sql immutable parallel safe
return case jsonb_typeof(p_document)
  when 'object' then case
    when p_document = '{}' then 'an empty object'
    else format('an object with the fields %s', (select string_agg(field, ', ') || case when max(total) > 8 then ', …' else '' end
      from (select field, count(*) over () as total from jsonb_object_keys(p_document) as field limit 8) as fields))
  end
  when 'array' then case
    when p_document = '[]' then 'an empty list'
    when jsonb_typeof(p_document -> 0) = 'object' then
      format('a list of objects with the fields %s', (select string_agg(field, ', ') || case when max(total) > 8 then ', …' else '' end
        from (select field, count(*) over () as total from jsonb_object_keys(p_document -> 0) as field limit 8) as fields))
    when jsonb_typeof(p_document -> 0) = 'array' then format('a list of lists of %s values such as %s', jsonb_array_length(p_document -> 0), left((p_document -> 0)::text, 80))
    else format('a list of values such as %s', left((p_document -> 0)::text, 80))
  end
  else format('the JSON value %s', left(coalesce(p_document::text, 'null'), 40))
end;

comment on function ingest.describe(jsonb) is
'What a JSON value is, in a few words that fit into a sentence: an object or a list with the names of its fields, else the value, shortened. The JSON value null for NULL.';

revoke all on function ingest.describe(jsonb) from public;
grant execute on function ingest.describe(jsonb) to marketbase_worker;
