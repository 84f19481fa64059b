-- Takes back that a span of data is known to be bad.
create or replace function quality.withdraw_incident(p_known_incident_id bigint)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_incident quality.known_incident;
begin
  update quality.known_incident
  set withdrawn_by = coalesce(nullif(current_setting('role'), 'none'), session_user), withdrawn_at = now()
  where known_incident_id = p_known_incident_id and withdrawn_at is null;
  select incident.* into v_incident from quality.known_incident as incident where incident.known_incident_id = p_known_incident_id;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('There is no incident %s.', coalesce(p_known_incident_id::text, 'null')), hint = 'select known_incident_id, reason from quality.known_incident lists them.';
  end if;
  return v_incident;
end;
$$;

comment on function quality.withdraw_incident(bigint) is
'Takes back the incident p_known_incident_id: its rows are judged again, by the next look. It stays on record with who withdrew it; withdrawing twice changes nothing. Errors: MB002 where there is none.';

revoke all on function quality.withdraw_incident(bigint) from public;
grant execute on function quality.withdraw_incident(bigint) to marketbase_worker, marketbase_author;
