-- Every look that is stored is followed, whoever stores it.
create or replace function quality.track_looks()
returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  perform quality.track_results(array_agg(distinct stored.validation_result_id), min(stored.recorded_at))
  from stored
  having count(*) > 0;
  return null;
end;
$$;

comment on function quality.track_looks() is
'Trigger: follows the findings of the results that were stored, and of the results whose findings were stored. Both tables have it, because a result may be stored before its findings.';

revoke all on function quality.track_looks() from public;

create or replace trigger _600_findings after insert on quality.validation_result
  referencing new table as stored
  for each statement execute function quality.track_looks();
create or replace trigger _600_findings after insert on quality.validation_finding
  referencing new table as stored
  for each statement execute function quality.track_looks();
