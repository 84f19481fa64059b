-- How an expectation of a dataset is checked.
create or replace function quality.expectation_plan(p_dataset text, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_parameters constant jsonb := quality.check_parameters(p_dataset, p_expectation, p_parameters);
  v_known quality.expectation;
  v_plan quality.expectation_plan;
begin
  select known.* into strict v_known from quality.expectation as known where known.expectation = p_expectation;
  execute format('select * from quality.%I($1, $2, $3)', 'expect_' || v_known.family)
  into v_plan
  using quality.expectation_frame(p_dataset, v_parameters, v_known.is_whole), p_expectation, v_parameters;
  return v_plan;
end;
$$;

comment on function quality.expectation_plan(text, text, jsonb) is
E'@behavior -*\nThe query that checks p_expectation of p_dataset with p_parameters, by the function of its family (quality.expect_<family>). Errors: as quality.check_parameters and the function of the family.';

revoke all on function quality.expectation_plan(text, text, jsonb) from public;
grant execute on function quality.expectation_plan(text, text, jsonb) to marketbase_worker, marketbase_author;
