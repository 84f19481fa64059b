-- Checks an expectation before it becomes a rule.
create or replace function quality.check_expectation(p_dataset text, p_expectation text, p_parameters jsonb)
returns jsonb
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_parameters constant jsonb := quality.check_parameters(p_dataset, p_expectation, p_parameters);
  v_level text;
begin
  foreach v_level in array array['fail', 'warn'] loop
    -- PostgreSQL plans the query, so that grammar, types and operators are right, and is asked for no row of it.
    execute format(
      'select from (%s) as judged where judged.is_expected limit 0',
      (quality.expectation_plan(p_dataset, p_expectation, v_parameters - array['warn', 'fail'] || coalesce(nullif(v_parameters -> v_level, 'null'), '{}'))).source_sql
    )
    using '{}'::bigint[], 'infinity'::timestamptz;
  end loop;
  return v_parameters;
exception
  when query_canceled then
    raise;
  when syntax_error_or_access_rule_violation or data_exception then
    raise exception using errcode = 'MB001',
      message = format('%s cannot be expected of %s like this: %s', p_expectation, p_dataset, sqlerrm),
      hint = 'Look at the expression, and whether the parameters fit the types of the columns.';
end;
$$;

comment on function quality.check_expectation(text, text, jsonb) is
'The parameters p_parameters of p_expectation on p_dataset, complete (quality.check_parameters), after PostgreSQL has found the query of both levels right. Errors: MB001 and MB003 with what is wrong.';

revoke all on function quality.check_expectation(text, text, jsonb) from public;
grant execute on function quality.check_expectation(text, text, jsonb) to marketbase_worker, marketbase_author;
