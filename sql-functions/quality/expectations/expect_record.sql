-- Expectations of several columns of a row.
create or replace function quality.expect_record(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_names text[] := array(select jsonb_array_elements_text(coalesce(p_parameters -> 'columns', '[]')));
  v_columns constant text[] := array(
    select quality.dataset_column(p_frame.relation, listed.name) from unnest(v_names) with ordinality as listed (name, position) order by listed.position
  );
  v_ignored constant text := coalesce(p_parameters ->> 'ignore_row_if', 'all_values_are_missing');
  v_tolerance constant text := quote_literal(p_parameters ->> 'tolerance') || '::numeric';
  v_condition text;
  v_expected text;
begin
  if p_expectation = 'condition' then
    v_condition := quality.compile_condition(p_parameters ->> 'expression', p_frame.relation);
    v_names := array(
      select attribute.attname::text
      from pg_attribute as attribute
      where attribute.attrelid = p_frame.relation and attribute.attnum > 0 and not attribute.attisdropped
        and strpos(v_condition || ' ', format(' d.%I ', attribute.attname)) > 0
      order by strpos(v_condition, format(' d.%I ', attribute.attname))
    );
    return row(quality.row_source(p_frame, v_names, v_condition), p_frame.is_by_instrument, p_parameters ->> 'expression');
  end if;

  if cardinality(v_columns) < 2 or cardinality(v_columns) > 2 and p_expectation in ('columns_equal', 'column_greater') then
    raise exception using errcode = 'MB001',
      message = format('%s was given %s columns.', p_expectation, cardinality(v_columns)),
      hint = case when p_expectation in ('columns_equal', 'column_greater') then 'It takes two.' else 'It takes two or more.' end;
  elsif v_ignored not in ('all_values_are_missing', 'any_value_is_missing', 'never') then
    raise exception using errcode = 'MB001',
      message = format('ignore_row_if is %s.', quote_literal(left(v_ignored, 40))), hint = 'It is all_values_are_missing (default), any_value_is_missing or never.';
  elsif v_tolerance is not null or p_expectation = 'columns_sum_equal' then
    perform quality.number_column(p_frame.relation, name) from unnest(v_names) as name;
  end if;
  case p_expectation
    when 'columns_equal' then
      v_condition := case when v_tolerance is null then format('%s is not distinct from %s', v_columns[1], v_columns[2])
        else format('(%1$s is not distinct from %2$s or coalesce(abs(%1$s - %2$s) <= %3$s, false))', v_columns[1], v_columns[2], v_tolerance) end;
      v_expected := format('%s equal to %s', v_names[1], v_names[2]);
    when 'column_greater' then
      v_condition := format('%s %s %s%s', v_columns[1], case when (p_parameters -> 'or_equal')::boolean then '>=' else '>' end, v_columns[2], ' - ' || v_tolerance);
      v_expected := format('%s greater than %s%s', v_names[1], case when (p_parameters -> 'or_equal')::boolean then 'or equal to ' else '' end, v_names[2]);
    when 'columns_in_set' then
      v_condition := format('(%s)', (
        select string_agg(
          format('(%s)', (
            select string_agg(
              case when part.value = 'null' then format('%s is null', v_columns[part.position])
                else format(
                  '%s = %s', v_columns[part.position],
                  quality.typed_literal(part.value, quality.dataset_type(p_frame.relation, v_names[part.position]))
                ) end,
              ' and ' order by part.position
            )
            from jsonb_array_elements(combination.value) with ordinality as part (value, position)
          )),
          ' or ' order by combination.position
        )
        from (
          select listed.value, listed.position
          from jsonb_array_elements(p_parameters -> 'rows') with ordinality as listed (value, position)
          where jsonb_typeof(listed.value) = 'array' and jsonb_array_length(listed.value) = cardinality(v_columns)
        ) as combination
        having count(*) = jsonb_array_length(p_parameters -> 'rows')
      ));
      v_expected := format('%s together one of %s', array_to_string(v_names, ', '), left(p_parameters ->> 'rows', 200));
      if v_condition is null or v_condition = '()' then
        raise exception using errcode = 'MB001',
          message = format('rows of columns_in_set is not a list of lists of %s values.', cardinality(v_columns)), hint = 'Write it as [["XNYS", "USD"], ["XETR", "EUR"]].';
      end if;
    when 'columns_distinct' then
      v_condition := format(
        '(select count(distinct part.value) = count(part.value) from (values %s) as part (value))',
        (select string_agg(format('(to_jsonb(%s))', name), ', ') from unnest(v_columns) as name)
      );
      v_expected := format('%s all different', array_to_string(v_names, ', '));
    when 'columns_sum_equal' then
      v_condition := format('abs((%s) - %L::numeric) <= %s', array_to_string(v_columns, ' + '), p_parameters ->> 'total', coalesce(v_tolerance, '0'));
      v_expected := format('%s equal to %s', array_to_string(v_names, ' + '), p_parameters ->> 'total');
  end case;
  v_condition := format(
    case v_ignored
      when 'never' then 'coalesce(%1$s, false)'
      when 'any_value_is_missing' then 'case when num_nulls(%2$s) = 0 then %1$s end'
      else 'case when num_nonnulls(%2$s) > 0 then coalesce(%1$s, false) end'
    end,
    v_condition, array_to_string(v_columns, ', ')
  );
  return row(quality.row_source(p_frame, v_names, v_condition), p_frame.is_by_instrument, v_expected || coalesce(', give or take ' || (p_parameters ->> 'tolerance'), ''));
end;
$$;

comment on function quality.expect_record(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family record of quality.expectation are checked in p_frame. ignore_row_if: a row is not counted where all_values_are_missing (default; a comparison with a null fails), any_value_is_missing, or never. A condition is read by quality.compile_condition; where it is null the row is not counted. Errors: MB001 for parameters that do not fit.';

revoke all on function quality.expect_record(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_record(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
