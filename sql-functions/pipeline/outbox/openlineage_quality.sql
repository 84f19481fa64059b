-- What the rules of a run said of each dataset, as facets of OpenLineage.
create or replace function pipeline.openlineage_quality(p_run_id bigint) returns table (dataset text, facets jsonb)
language sql stable parallel safe
begin atomic
  with verdict as (
    select
      result.dataset, result.rule, bool_and(result.status <> 'failed') as is_success,
      min(rule.parameters ->> 'column') filter (where rule.expectation is not null) as column_name,
      sum(result.failed_count) filter (where rule.expectation = 'values_not_null') as null_count
    from quality.validation_result as result
    join quality.validation_rule as rule on rule.rule = result.rule and rule.version = result.rule_version
    where result.run_id = p_run_id and result.status <> 'not_applicable'
    group by result.dataset, result.rule
  ),
  looked_at as (
    -- Each rule looks at the same rows again: of an instrument, or a body, the rule that saw the most counts.
    select part.dataset, sum(part.checked_count) as row_count
    from (
      select result.dataset, max(result.checked_count) as checked_count
      from quality.validation_result as result
      where result.run_id = p_run_id
      group by result.dataset, result.instrument_id, result.raw_response_id, result.feature_set_version_id
    ) as part
    group by part.dataset
  )
  select
    verdict.dataset,
    jsonb_build_object(
      'dataQualityAssertions', pipeline.openlineage_facet('1-0-1/DataQualityAssertionsDatasetFacet.json', jsonb_build_object(
        'assertions', jsonb_agg(
          jsonb_strip_nulls(jsonb_build_object('assertion', verdict.rule, 'success', verdict.is_success, 'column', verdict.column_name))
          order by verdict.rule
        )
      )),
      'dataQualityMetrics', pipeline.openlineage_facet('1-0-2/DataQualityMetricsInputDatasetFacet.json', jsonb_build_object(
        'rowCount', looked_at.row_count,
        'columnMetrics', coalesce(
          jsonb_object_agg(verdict.column_name, jsonb_build_object('nullCount', verdict.null_count))
            filter (where verdict.column_name is not null and verdict.null_count is not null),
          '{}'
        )
      ))
    )
  from verdict
  join looked_at on looked_at.dataset = verdict.dataset
  group by verdict.dataset, looked_at.row_count;
end;

comment on function pipeline.openlineage_quality(bigint) is
E'@behavior -*\nFor each dataset that rules looked at in the run p_run_id its facets: dataQualityAssertions with each rule (a warning is a success; the column is named where the rule is an expectation of one), dataQualityMetrics with the rows that were looked at and the nulls that were counted.';

revoke all on function pipeline.openlineage_quality(bigint) from public;
grant execute on function pipeline.openlineage_quality(bigint) to marketbase_worker;
