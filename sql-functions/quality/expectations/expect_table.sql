-- Expectations of the columns that a dataset has.
create or replace function quality.expect_table(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_columns constant text := format(
    'coalesce((select array_agg(attribute.attname::text order by attribute.attnum) from pg_attribute as attribute where attribute.attrelid = %s::oid and attribute.attnum > 0 and not attribute.attisdropped), ''{}'')',
    p_frame.relation::oid
  );
  v_listed constant jsonb := coalesce(p_parameters -> 'columns', p_parameters -> 'types');
  v_names constant text[] := case jsonb_typeof(v_listed) when 'array' then array(select jsonb_array_elements_text(v_listed)) when 'string' then array[v_listed #>> '{}'] end;
  v_is_exact constant boolean := coalesce((p_parameters -> 'exact')::boolean, true);
  v_observed text := format('jsonb_build_object(''columns'', to_jsonb(%s))', v_columns);
  v_condition text;
  v_expected text;
begin
  case p_expectation
    when 'column_exists' then
      v_condition := case
        when p_parameters ->> 'position' is null then format('%L = any (%s)', p_parameters ->> 'column', v_columns)
        else format('coalesce(array_position(%s, %L) = %L::integer, false)', v_columns, p_parameters ->> 'column', p_parameters ->> 'position')
      end;
      v_expected := format('a column %s%s', p_parameters ->> 'column', coalesce(' at position ' || (p_parameters ->> 'position'), ''));
    when 'column_type_in' then
      if exists (select from unnest(v_names) as name where not pg_input_is_valid(name, 'regtype')) then
        raise exception using errcode = 'MB001', message = format('Not all of %s are types.', left(v_listed::text, 200)), hint = 'Name types of PostgreSQL, such as double precision.';
      end if;
      v_condition := format('coalesce(quality.dataset_type(%s::oid::regclass, %L) = any (%L::regtype[]), false)', p_frame.relation::oid, p_parameters ->> 'column', v_names);
      v_observed := format('jsonb_build_object(%L, quality.dataset_type(%s::oid::regclass, %L)::text)', p_parameters ->> 'column', p_frame.relation::oid, p_parameters ->> 'column');
      v_expected := format('a column %s of type %s', p_parameters ->> 'column', array_to_string(v_names, ' or '));
    when 'column_count_between' then
      v_condition := quality.between_sql(format('cardinality(%s)', v_columns), 'numeric', p_parameters);
      v_observed := format('jsonb_build_object(''columns'', cardinality(%s))', v_columns);
      v_expected := format('%s columns', quality.between_words(p_parameters));
    when 'columns_match' then
      v_condition := case
        when (p_parameters -> 'ordered')::boolean and v_is_exact then format('%s = %L::text[]', v_columns, v_names)
        when (p_parameters -> 'ordered')::boolean then format('array(select name from unnest(%1$s) as name where name = any (%2$L::text[])) = %2$L::text[]', v_columns, v_names)
        when v_is_exact then format('%1$s @> %2$L::text[] and %1$s <@ %2$L::text[]', v_columns, v_names)
        else format('%s @> %L::text[]', v_columns, v_names)
      end;
      v_expected := format(
        'the columns %s%s%s', array_to_string(v_names, ', '),
        case when (p_parameters -> 'ordered')::boolean then ' in this order' else '' end, case when v_is_exact then ' and no others' else '' end
      );
  end case;
  return row(
    format(
      'select null::bigint as instrument_id, null::timestamptz as ts, null::timestamptz as from_ts, null::timestamptz as to_ts, jsonb_build_object(''dataset'', %L) as key, %s as observed, %s as is_expected, 0::bigint as masked_count',
      p_frame.relation, v_observed, v_condition
    ),
    false, v_expected
  );
end;
$$;

comment on function quality.expect_table(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family table of quality.expectation are checked: by the columns that the dataset has now. They are judged for the dataset as a whole. Errors: MB001 for parameters that do not fit.';

revoke all on function quality.expect_table(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_table(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
