-- What depends on quality.validation_result and has not changed, made again on its partitioned form.
--! include quality/validate.sql
--! include quality/validate_set.sql
--! include feature/drift/check_drift.sql
--! include feature/probe/probe.sql
--! include pipeline/steps/validation_outcome.sql
--! include quality/views/pending_validation.sql

-- The findings of before are followed through the looks that were stored, one transaction after the other, so that their life is what it would have been.
do $do$
declare
  v_look record;
begin
  if not exists (select from quality.tracked_finding) then
    for v_look in
      select result.recorded_at, array_agg(result.validation_result_id) as ids
      from quality.validation_result as result
      group by result.recorded_at
      order by result.recorded_at
    loop
      perform quality.track_results(v_look.ids, v_look.recorded_at);
    end loop;
  end if;
end
$do$;
