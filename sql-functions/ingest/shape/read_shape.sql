-- The fields of a body and their types.
create or replace function ingest.read_shape(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  content bytea;
  is_whole boolean;
  piece text;
  document jsonb;
  lines text[];
  names text[];
  shape jsonb;
begin
  select coalesce(response.body, chunk.body), response.body is not null
  into content, is_whole
  from ingest.raw_response response
  left join ingest.raw_response_chunk chunk on chunk.raw_response_id = response.raw_response_id and chunk.chunk_no = 0
  where response.raw_response_id = p_raw_response_id;
  -- One byte is one character here, so that a piece may end anywhere; it ends before a zero byte, which no text can have.
  piece := convert_from(substring(content from 1 for coalesce(nullif(position('\x00'::bytea in substring(content from 1 for 65536)), 0) - 1, 65536)), 'LATIN1');

  if piece ~ '^(\u00ef\u00bb\u00bf)?\s*[\[{]' then
    if not is_whole then
      return null;
    end if;
    begin
      document := convert_from(content, 'UTF8')::jsonb;
    exception
      when data_exception or program_limit_exceeded or character_not_in_repertoire or untranslatable_character then
        return null;
    end;
    with recursive node (path, value, depth) as (
      select '', document, 0
      union all
      select child.path, child.value, node.depth + 1
      from node
      cross join lateral (
        select case when field.is_data then node.path || '.*' else concat_ws('.', nullif(node.path, ''), field.name) end as path, field.value
        from (
          select
            named.name, named.value, named.is_data,
            row_number() over (partition by named.is_data order by named.name) as place
          from (
            select
              translate(left(every.key, 60), '.[]*', '____') as name, every.value,
              every.key ~ '^[-+]?\d' or every.key ~ '^[A-Z0-9]{2,}[-A-Z0-9._=/^]*$' or count(*) over () > 50 as is_data
            from jsonb_each(case when jsonb_typeof(node.value) = 'object' then node.value else '{}' end) as every
          ) as named
        ) as field
        where not field.is_data or field.place <= 10
        union all
        select node.path || '[]', element.value
        from jsonb_array_elements(
          case when jsonb_typeof(node.value) = 'array' then jsonb_path_query_array(node.value, '$[0 to 9]') else '[]' end
        ) as element (value)
      ) as child
      where node.depth < 12
    )
    select jsonb_object_agg(typed.path, typed.types)
    into shape
    from (
      select place.path, jsonb_agg(distinct jsonb_typeof(place.value)) as types
      from (select node.path, node.value from node limit 20000) as place
      where place.path <> ''
      group by place.path
    ) as typed;
    return shape;
  end if;

  lines := string_to_array(replace(piece, e'\r', ''), e'\n');
  if length(content) > 65536 then
    lines := trim_array(lines, 1);
  end if;
  lines := array_remove(lines, '');
  if cardinality(lines) < 2 or strpos(lines[1], ',') = 0 or lines[1] ~ '^\s*<'
    or cardinality(ingest.csv_fields(lines[1])) <> cardinality(ingest.csv_fields(lines[2]))
  then
    return null;
  end if;
  begin
    select array_agg(
      case
        when exists (select from unnest(ingest.csv_fields(lines[1])) as field where field ~ '^[-+]?[0-9]') then 'column ' || header.position
        else left(convert_from(convert_to(btrim(header.name), 'LATIN1'), 'UTF8'), 60)
      end order by header.position)
    into names
    from unnest(ingest.csv_fields(ltrim(lines[1], u&'\00ef\00bb\00bf'))) with ordinality as header (name, position);
  exception
    when character_not_in_repertoire or untranslatable_character then
      return null;
  end;
  select jsonb_object_agg(typed.name, typed.types)
  into shape
  from (
    select
      names[field.position] as name,
      jsonb_agg(distinct case
        when btrim(field.value) = '' then 'null'
        when field.value ~ '^\s*\d{4}-\d{2}-\d{2}' then 'date'
        when pg_input_is_valid(btrim(field.value), 'numeric') then 'number'
        else 'string'
      end) as types
    from unnest(lines[2:11]) as line (text)
    cross join lateral unnest(ingest.csv_fields(line.text)) with ordinality as field (value, position)
    where names[field.position] is not null
    group by names[field.position]
  ) as typed;
  return shape;
end
$$;

comment on function ingest.read_shape(bigint) is
'The shape of a body: a JSON object of the types (string, number, boolean, null, object, array) at each path, such as {"chart.result[].meta.currency": ["string"]}; for CSV of the types (number, date, string, null) of each column, such as {"close": ["number"]}.
Cheap for large bodies: of an array the first 10 elements are looked at, of CSV the first 10 lines below the header within the first 64 kB, 12 levels deep, 20000 places in all. Keys that are data (they begin with a digit, or are codes in capitals such as XXBTZUSD; or there are more than 50 of them) count as one path ending in .*, of which the first 10 are looked at.
NULL for what is neither, for JSON in a streamed file and where there is no such body.';

revoke all on function ingest.read_shape(bigint) from public;
grant execute on function ingest.read_shape(bigint) to marketbase_worker;
