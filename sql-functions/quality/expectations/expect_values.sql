-- Expectations of the values of a column.
create or replace function quality.expect_values(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_name constant text := p_parameters ->> 'column';
  v_column constant text := quality.dataset_column(p_frame.relation, v_name);
  v_type constant regtype := quality.dataset_type(p_frame.relation, v_name);
  v_condition text;
  v_expected text;
begin
  case p_expectation
    when 'values_between' then
      v_condition := quality.between_sql(v_column, v_type, p_parameters);
      v_expected := quality.between_words(p_parameters);
    when 'values_in_set' then
      v_condition := format('%s = any (%s)', v_column, quality.typed_array(p_parameters -> 'values', v_type));
      v_expected := 'one of ' || left(p_parameters ->> 'values', 200);
    when 'values_not_in_set' then
      v_condition := format('%s <> all (%s)', v_column, quality.typed_array(p_parameters -> 'values', v_type));
      v_expected := 'none of ' || left(p_parameters ->> 'values', 200);
    when 'values_null' then
      v_condition := v_column || ' is null';
      v_expected := 'null';
    when 'values_not_null' then
      v_condition := v_column || ' is not null';
      v_expected := 'not null';
  end case;
  return row(quality.row_source(p_frame, array[v_name], v_condition), p_frame.is_by_instrument, format('%s %s', v_name, v_expected));
end;
$$;

comment on function quality.expect_values(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family values of quality.expectation are checked in p_frame. A null is judged by values_null and values_not_null alone. Errors: MB001 for a parameter that does not fit the column.';

revoke all on function quality.expect_values(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_values(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
