-- Says that what was known to be bad is good again.
create or replace function quality.end_incident(p_known_incident_id bigint, p_at timestamptz default null)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_at constant timestamptz := coalesce(p_at, now());
  v_incident quality.known_incident;
begin
  perform pg_advisory_xact_lock(hashtextextended('quality.known_incident', 0));
  select incident.* into v_incident from quality.known_incident as incident where incident.known_incident_id = p_known_incident_id;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('There is no incident %s.', coalesce(p_known_incident_id::text, 'null')), hint = 'select known_incident_id, reason from quality.known_incident lists them.';
  elsif v_incident.withdrawn_at is not null then
    raise exception using errcode = 'MB008',
      message = format('Incident %s was withdrawn.', p_known_incident_id), hint = 'It masks nothing; quality.record_incident records another one.';
  elsif v_at < v_incident.from_ts or v_at >= v_incident.to_ts then
    raise exception using errcode = 'MB008',
      message = format('Incident %s is on record from %s to %s.', p_known_incident_id, v_incident.from_ts, v_incident.to_ts),
      hint = 'It can end at a time between the two; quality.withdraw_incident takes it back as a whole.';
  end if;
  perform quality.withdraw_incident(p_known_incident_id);
  insert into quality.known_incident (dataset, instrument_id, provider, from_ts, to_ts, reason)
  values (v_incident.dataset, v_incident.instrument_id, v_incident.provider, v_incident.from_ts, v_at, v_incident.reason)
  returning * into v_incident;
  return v_incident;
end;
$$;

comment on function quality.end_incident(bigint, timestamptz) is
'Ends the incident p_known_incident_id at p_at (NULL: now): rows later than that are judged again. Nothing is overwritten: it is withdrawn and recorded anew, with the end; the new one is returned. Errors: MB002 where there is none, MB008 for one that was withdrawn or whose span does not contain p_at.';

revoke all on function quality.end_incident(bigint, timestamptz) from public;
grant execute on function quality.end_incident(bigint, timestamptz) to marketbase_worker, marketbase_author;
