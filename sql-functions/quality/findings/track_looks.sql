-- Every look that is stored is followed, whoever stores it.
create or replace function quality.track_looks()
returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if tg_table_name = 'validation_result' then
    perform quality.track_results(array_agg(stored.validation_result_id), min(stored.recorded_at))
    from stored
    where stored.failed_count = 0 or stored.status = 'passed'
    having count(*) > 0;
  else
    perform quality.track_results(array_agg(distinct stored.validation_result_id), min(stored.recorded_at))
    from stored
    having count(*) > 0;
  end if;
  return null;
end;
$$;

comment on function quality.track_looks() is
'Trigger: follows what results mean for findings: of those without findings when they are stored, of the others when their findings are, which may be later.';

revoke all on function quality.track_looks() from public;

create or replace trigger _600_findings after insert on quality.validation_result
  referencing new table as stored
  for each statement execute function quality.track_looks();
create or replace trigger _600_findings after insert on quality.validation_finding
  referencing new table as stored
  for each statement execute function quality.track_looks();
