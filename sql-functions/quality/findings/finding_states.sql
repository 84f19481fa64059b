-- The state of every finding, as of a moment.
create or replace function quality.finding_states(p_as_of timestamptz default 'infinity')
returns setof quality.finding_state
language sql
stable
parallel safe
begin atomic
  select
    latest.finding_id,
    case when latest.event = 'opened' or (latest.event = 'acknowledged' and latest.until <= least(p_as_of, now())) then 'open' else latest.event end,
    case when latest.event = 'acknowledged' and latest.until <= least(p_as_of, now()) then latest.until else latest.recorded_at end,
    latest.decided_by, coalesce(latest.reason, incident.reason), latest.until, latest.validation_result_id, latest.run_id
  from (
    select distinct on (event.finding_id) event.*
    from quality.finding_event as event
    where event.recorded_at <= p_as_of
    order by event.finding_id, event.finding_event_id desc
  ) as latest
  left join quality.known_incident as incident on incident.known_incident_id = latest.known_incident_id;
end;

comment on function quality.finding_states(timestamptz) is
E'@behavior -*\nThe state of each finding that was recorded by p_as_of (default: all that is recorded): its last event. open: seen and not decided, or acknowledged until a time that has passed; acknowledged; reopened: seen again after a look had found it right, or taken back by a person; resolved; masked: the last look did not judge it because of a known incident, whose reason is given.';

revoke all on function quality.finding_states(timestamptz) from public;
grant execute on function quality.finding_states(timestamptz) to marketbase_reader;
