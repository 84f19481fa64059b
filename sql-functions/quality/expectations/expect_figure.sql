-- Expectations of a figure of a group of rows.
create or replace function quality.expect_figure(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_judged constant text := 'filter (where d._exists and not d._masked)';
  v_name constant text := p_parameters ->> 'column';
  v_figure constant text := regexp_replace(p_expectation, '_(between|equals)$', '');
  v_column text;
  v_type regtype := 'double precision';
  v_sql text;
  v_label constant text := concat_ws(' of ', replace(v_figure, '_', ' ') || coalesce(' ' || (p_parameters ->> 'quantile'), ''), v_name);
  v_other quality.expectation_frame;
  v_other_count text;
  v_is_grouped boolean;
begin
  if v_figure in ('mean', 'median', 'quantile', 'stdev', 'sum') then
    v_column := quality.number_column(p_frame.relation, v_name);
  elsif v_name is not null then
    v_column := quality.dataset_column(p_frame.relation, v_name);
  end if;
  if v_figure = 'quantile' and (p_parameters -> 'quantile')::numeric not between 0 and 1 then
    raise exception using errcode = 'MB001', message = format('The quantile is %s.', p_parameters ->> 'quantile'), hint = 'It lies between 0 and 1.';
  end if;
  case v_figure
    when 'min', 'max' then
      v_type := quality.dataset_type(p_frame.relation, v_name);
      v_sql := format('%s(%s) %s', v_figure, v_column, c_judged);
    when 'mean' then v_sql := format('avg(%s) %s', v_column, c_judged);
    when 'stdev' then v_sql := format('stddev_samp(%s) %s', v_column, c_judged);
    when 'sum' then v_sql := format('sum(%s) %s', v_column, c_judged);
    when 'median' then v_sql := format('percentile_cont(0.5) within group (order by %s::double precision) %s', v_column, c_judged);
    when 'quantile' then v_sql := format('percentile_cont(%L) within group (order by %s::double precision) %s', p_parameters ->> 'quantile', v_column, c_judged);
    when 'unique_count' then v_sql := format('nullif(count(distinct %s) %s, 0)', v_column, c_judged);
    when 'unique_share' then v_sql := format('count(distinct %1$s) %2$s::double precision / nullif(count(%1$s) %2$s, 0)', v_column, c_judged);
    when 'non_null_share' then v_sql := format('count(%s) %s::double precision / nullif(count(*) %s, 0)', v_column, c_judged, c_judged);
    -- No rows are a count like another, unless a known incident took them all.
    when 'row_count' then v_sql := format('case when count(*) %1$s > 0 or count(*) filter (where d._masked) = 0 then count(*) %1$s end', c_judged);
  end case;

  if p_expectation = 'row_count_equals' then
    v_is_grouped := quality.dataset_type(quality.dataset_relation(p_parameters ->> 'other_dataset'), p_frame.group_by) is not null;
    v_other := quality.expectation_frame(
      p_parameters ->> 'other_dataset', jsonb_build_object('group_by', case when v_is_grouped then p_frame.group_by end), true
    );
    v_other_count := format('(select count(*) from (%s) as other%s)', v_other.rows_sql, case when v_is_grouped then ' where other._group = f._group' else '' end);
    return row(
      quality.figure_source(
        p_frame, v_sql || ' as _value', format('jsonb_build_object(''rows'', f._value, ''other'', %s)', v_other_count),
        format('abs(f._value - %s) <= %L::numeric', v_other_count, coalesce(p_parameters ->> 'tolerance', '0'))
      ),
      p_frame.is_by_instrument, format('as many rows as %s has%s', v_other.relation, coalesce(', give or take ' || (p_parameters ->> 'tolerance'), ''))
    );
  end if;
  return row(
    quality.figure_source(
      p_frame, v_sql || ' as _value', format('jsonb_build_object(%L, f._value)', v_label), quality.between_sql('f._value', v_type, p_parameters)
    ),
    p_frame.is_by_instrument, format('%s %s', v_label, quality.between_words(p_parameters))
  );
end;
$$;

comment on function quality.expect_figure(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family figure of quality.expectation are checked in p_frame: one figure of each group, of the rows that are in no known incident. A figure of no values is not judged; a number of rows is, also of an instrument without rows. Median and quantile are interpolated linearly (type 7 of Hyndman and Fan, as numpy and R do), the standard deviation is that of a sample. Errors: MB001 for a column or limits that do not fit.';

revoke all on function quality.expect_figure(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_figure(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
