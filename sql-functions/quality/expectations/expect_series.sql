-- Expectations of a row by the other rows of its group.
create or replace function quality.expect_series(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_names constant text[] := case
    when p_parameters ? 'columns' then array(select jsonb_array_elements_text(p_parameters -> 'columns')) else array[p_parameters ->> 'column']
  end;
  v_columns constant text[] := array(
    select quality.dataset_column(p_frame.relation, listed.name) from unnest(v_names) with ordinality as listed (name, position) order by listed.position
  );
  v_column constant text := v_columns[1];
  v_tolerance constant text := coalesce(p_parameters ->> 'tolerance', '0');
  v_rows text;
  v_condition text;
  v_expected text;
begin
  if p_expectation = 'values_unique' then
    v_rows := format('count(*) over (partition by d._group, d._masked, %s) as _count', array_to_string(v_columns, ', '));
    v_condition := format('case when num_nonnulls(%s) > 0 then d._count = 1 end', array_to_string(v_columns, ', '));
    v_expected := 'once';
  elsif p_expectation = 'values_z_score_below' then
    perform quality.number_column(p_frame.relation, v_names[1]);
    v_rows := format('avg(%1$s) over (partition by d._group, d._masked) as _mean, stddev_samp(%1$s) over (partition by d._group, d._masked) as _deviation', v_column);
    v_condition := format(
      'case when %1$s is not null and d._deviation is not null then case when d._deviation = 0 then true else %2$s((%1$s - d._mean) / d._deviation) < %3$L::double precision end end',
      v_column, case when coalesce((p_parameters -> 'two_sided')::boolean, true) then 'abs' else '' end, p_parameters ->> 'max_score'
    );
    v_expected := format('less than %s standard deviations from the mean', p_parameters ->> 'max_score');
  else
    if p_parameters ->> 'time_column' is null then
      raise exception using errcode = 'MB001',
        message = format('%s has no time by which its rows could be in order.', p_frame.relation), hint = 'Name a time_column.';
    elsif p_parameters ->> 'tolerance' is not null then
      perform quality.number_column(p_frame.relation, v_names[1]);
    end if;
    -- A null between two values is passed over; values of the same time are in the order of their size.
    v_rows := format(
      'lag(%1$s) over (partition by d._group, d._masked, %1$s is null order by d._ts, %1$s%2$s) as _before',
      v_column, case p_expectation when 'values_decreasing' then ' desc' else '' end
    );
    v_condition := format(
      'case when %1$s is not null then coalesce(%1$s %2$s%3$s d._before%4$s, true) end', v_column,
      case p_expectation when 'values_increasing' then '>' else '<' end, case when (p_parameters -> 'strict')::boolean then '' else '=' end,
      case when p_parameters ->> 'tolerance' is not null
        then format(' %s %L::numeric', case p_expectation when 'values_increasing' then '-' else '+' end, v_tolerance) else '' end
    );
    v_expected := format('%s%s', case when (p_parameters -> 'strict')::boolean then 'strictly ' else '' end, replace(substr(p_expectation, 8), '_', ' '));
  end if;
  return row(
    quality.row_source(p_frame, v_names, v_condition, format('select d.*, %s from (%s) as d', v_rows, p_frame.rows_sql)), p_frame.is_by_instrument,
    format('%s %s', array_to_string(v_names, ', '), v_expected)
  );
end;
$$;

comment on function quality.expect_series(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family series of quality.expectation are checked in p_frame. values_unique counts a row unless all its columns are null, and nulls as equal; every row of a repeated value fails. values_z_score_below uses the standard deviation of a sample; where all values are equal, each is the mean and passes; one value alone is not judged. Errors: MB001 for a column that does not fit or a dataset without a time.';

revoke all on function quality.expect_series(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_series(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
