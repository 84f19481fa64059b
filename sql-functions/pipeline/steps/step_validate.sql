-- Step: the rules on stored data, for the instruments whose data changed.
create or replace function pipeline.step_validate(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with stale as materialized (
    select mark.instrument_id, min(mark.from_ts) as from_ts from pipeline.take_stale('quality') mark group by mark.instrument_id
  ),
  result as materialized (
    select checked.*
    from (select array_agg(instrument_id order by instrument_id) as instrument_ids, min(from_ts) as from_ts from stale having count(*) > 0) work
    cross join lateral quality.validate(p_run_id, work.instrument_ids, work.from_ts) checked
  )
  select
    coalesce(sum(result.checked_count), 0)::bigint,
    count(*),
    jsonb_build_object(
      'passed', count(*) filter (where result.status = 'passed'),
      'failed', count(*) filter (where result.status = 'failed'),
      'not_applicable', count(*) filter (where result.status = 'not_applicable'),
      'findings', coalesce(sum(result.failed_count), 0)
    ),
    format('%s checks passed, %s failed with %s findings',
      count(*) filter (where result.status = 'passed'), count(*) filter (where result.status = 'failed'), coalesce(sum(result.failed_count), 0))
  from result;
end;

comment on function pipeline.step_validate(bigint) is
'Applies the rules on stored data to the instruments that are marked for quality in pipeline.stale_range, from their first changed bar on; see quality.validate.';

revoke all on function pipeline.step_validate(bigint) from public;
grant execute on function pipeline.step_validate(bigint) to marketbase_worker;
