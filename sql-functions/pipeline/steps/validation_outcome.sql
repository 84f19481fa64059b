-- What a validating step says: its checks, counted.
create or replace function pipeline.validation_outcome(p_run_id bigint) returns pipeline.step_outcome
language sql stable parallel safe
begin atomic
  select
    coalesce(sum(result.checked_count), 0)::bigint,
    count(*),
    jsonb_build_object(
      'passed', count(*) filter (where result.status = 'passed'),
      'failed', count(*) filter (where result.status = 'failed'),
      'warned', count(*) filter (where result.status = 'warned'),
      'alarming', count(*) filter (where result.status = 'failed' and result.severity <> 'info'),
      'not_applicable', count(*) filter (where result.status = 'not_applicable'),
      'findings', coalesce(sum(result.failed_count) filter (where result.status = 'failed'), 0),
      'masked', coalesce(sum(result.masked_count), 0)
    ),
    format('%s checks passed, %s%s failed with %s findings%s%s',
      count(*) filter (where result.status = 'passed'),
      case when count(*) filter (where result.status = 'warned') > 0 then format('%s gave a warning, ', count(*) filter (where result.status = 'warned')) else '' end,
      count(*) filter (where result.status = 'failed'), coalesce(sum(result.failed_count) filter (where result.status = 'failed'), 0),
      ': ' || string_agg(distinct result.rule, ', ' order by result.rule) filter (where result.status = 'failed'),
      case when sum(result.masked_count) > 0 then format('; %s rows masked by known incidents', sum(result.masked_count)) end)
  from quality.validation_result result
  where result.run_id = p_run_id;
end;

comment on function pipeline.validation_outcome(bigint) is
'The checks of run p_run_id as the outcome of a step: rows looked at, results written, counts by status (alarming: failed and not of severity info), the rules that failed, and how many rows known incidents masked.';

revoke all on function pipeline.validation_outcome(bigint) from public;
grant execute on function pipeline.validation_outcome(bigint) to marketbase_worker;
