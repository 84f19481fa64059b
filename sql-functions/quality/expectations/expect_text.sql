-- Expectations of texts.
create or replace function quality.expect_text(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_types constant jsonb := '{
    "json": "json", "timestamp": "timestamptz", "date": "date", "time": "time", "number": "numeric", "integer": "bigint", "boolean": "boolean", "uuid": "uuid"
  }';
  v_name constant text := p_parameters ->> 'column';
  v_column text := quality.dataset_column(p_frame.relation, v_name);
  v_type constant regtype := quality.dataset_type(p_frame.relation, v_name);
  v_listed constant jsonb := coalesce(p_parameters -> 'regex', p_parameters -> 'pattern');
  v_patterns constant text[] := case jsonb_typeof(v_listed)
    when 'array' then array(select jsonb_array_elements_text(v_listed))
    when 'string' then array[v_listed #>> '{}']
  end;
  v_operator constant text := case when p_expectation like '%regex' then '~' else 'like' end;
  v_match_on constant text := coalesce(p_parameters ->> 'match_on', 'any');
  v_parsed text;
  v_condition text;
  v_expected text;
begin
  if v_type not in ('json'::regtype, 'jsonb'::regtype) and (select type.typcategory from pg_type as type where type.oid = v_type) not in ('S', 'E')
    or v_type in ('json'::regtype, 'jsonb'::regtype) and p_expectation <> 'values_match_json_schema'
  then
    raise exception using errcode = 'MB001',
      message = format('Column %s of %s is not a text but %s.', v_name, p_frame.relation, v_type), hint = 'Name a column of texts.';
  elsif v_match_on not in ('any', 'all') then
    raise exception using errcode = 'MB001', message = format('match_on is %s, neither any nor all.', quote_literal(left(v_match_on, 40))), hint = 'Say whether any of the list is enough.';
  end if;
  v_column := v_column || '::text';
  case p_expectation
    when 'values_match_regex', 'values_match_like' then
      v_condition := format('%s %s %s (%L::text[])', v_column, v_operator, v_match_on, v_patterns);
      v_expected := format('%s%s', case v_operator when '~' then 'matching ' else 'like ' end, array_to_string(v_patterns, case v_match_on when 'any' then ' or ' else ' and ' end));
    when 'values_not_match_regex', 'values_not_match_like' then
      v_condition := format('not (%s %s any (%L::text[]))', v_column, v_operator, v_patterns);
      v_expected := format('not %s%s', case v_operator when '~' then 'matching ' else 'like ' end, array_to_string(v_patterns, ' or '));
    when 'value_lengths_between' then
      v_condition := quality.between_sql(format('length(%s)', v_column), 'numeric', p_parameters);
      v_expected := format('of %s characters', quality.between_words(p_parameters));
    when 'values_parse_as' then
      if not c_types ? (p_parameters ->> 'type') then
        raise exception using errcode = 'MB001',
          message = format('A text cannot be expected to be a %s.', left(p_parameters ->> 'type', 40)),
          hint = format('type is one of %s.', (select string_agg(known.name, ', ') from jsonb_object_keys(c_types) as known (name)));
      end if;
      -- PostgreSQL also takes words such as now and infinity for times.
      v_condition := format('pg_input_is_valid(%s, %L)%s', v_column, c_types ->> (p_parameters ->> 'type'),
        case when p_parameters ->> 'type' in ('timestamp', 'date', 'time') then format(' and %s ~ ''\d''', v_column) else '' end);
      v_expected := format('readable as %s', p_parameters ->> 'type');
    when 'values_match_strftime' then
      v_parsed := quality.strftime_regex(p_parameters ->> 'format');
      v_condition := format('%s ~ %L', v_column, v_parsed);
      -- The day has to be one of its month.
      if p_parameters ->> 'format' ~ '%Y.*%m.*%d' then
        v_condition := v_condition || format(
          ' and pg_input_is_valid(concat_ws(''-'', (regexp_match(%1$s, %2$L))[1], (regexp_match(%1$s, %2$L))[2], (regexp_match(%1$s, %2$L))[3]), ''date'')',
          v_column, quality.strftime_regex(p_parameters ->> 'format', true)
        );
      end if;
      v_expected := format('a time written as %s', p_parameters ->> 'format');
    when 'values_match_json_schema' then
      perform quality.json_matches('null', p_parameters -> 'schema');
      v_condition := case
        when v_type in ('json'::regtype, 'jsonb'::regtype) then format('quality.json_matches(%s::jsonb, %L::jsonb)', v_column, p_parameters -> 'schema')
        else format('case when pg_input_is_valid(%1$s, ''jsonb'') then quality.json_matches(%1$s::jsonb, %2$L::jsonb) else false end', v_column, p_parameters -> 'schema')
      end;
      v_expected := 'JSON that fits the schema';
  end case;
  perform regexp_like('', pattern) from unnest(v_patterns) as pattern where v_operator = '~';
  return row(
    quality.row_source(p_frame, array[v_name], format('case when %s is not null then %s end', v_column, v_condition)), p_frame.is_by_instrument,
    format('%s %s', v_name, v_expected)
  );
end;
$$;

comment on function quality.expect_text(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family text of quality.expectation are checked in p_frame. Regular expressions are those of PostgreSQL and match anywhere in the text unless anchored. A time is what PostgreSQL reads as one and has a digit; a number, integer, boolean or uuid likewise. Errors: MB001 for a column that is no text and a parameter that does not fit; 2201B for a regular expression that is none.';

revoke all on function quality.expect_text(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_text(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
