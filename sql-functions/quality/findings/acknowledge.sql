-- Somebody knows of a finding and says why it may stay.
create or replace function quality.acknowledge(p_finding_ids bigint[], p_by text, p_reason text, p_until timestamptz default null)
returns setof quality.finding_event
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_wrong text;
begin
  perform quality.require_decision(p_by, p_reason);
  if p_until <= now() then
    raise exception using errcode = 'MB001',
      message = format('A finding cannot be acknowledged until %s: that has passed.', p_until),
      hint = 'Give a time to come, or none.';
  end if;
  perform quality.lock_known_findings(p_finding_ids);

  select format('Finding %s is resolved.', state.finding_id) into v_wrong
  from unnest(p_finding_ids) as asked (finding_id)
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state = 'resolved'
  limit 1;
  if found then
    raise exception using errcode = 'MB008', message = v_wrong, hint = 'Only what is wrong can be acknowledged; quality.reopen takes a resolution back.';
  end if;

  -- Who says again what was said already changes nothing.
  return query
  insert into quality.finding_event (finding_id, event, decided_by, reason, until)
  select asked.finding_id, 'acknowledged', p_by, p_reason, p_until
  from (select distinct finding_id from unnest(p_finding_ids) as finding_id) as asked
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state <> 'acknowledged' or (state.decided_by, state.reason, state.until) is distinct from (p_by, p_reason, p_until)
  order by asked.finding_id
  returning *;
end;
$$;

comment on function quality.acknowledge(bigint[], text, text, timestamptz) is
'Acknowledges the findings p_finding_ids of quality.finding: p_by is the person, p_reason why, p_until when it ends (NULL: when the finding is resolved). An acknowledged finding is counted as suppressed, holds back no gate, and stays acknowledged while looks see it again; one that is resolved and comes back is reopened. All or none; returns the events that were recorded, none for findings of which the same was said already. Of two at once the second sees what the first said.
Errors: MB001 without person, reason or findings or for a time that has passed, MB002 for an unknown finding, MB008 for a resolved one.';

revoke all on function quality.acknowledge(bigint[], text, text, timestamptz) from public;
grant execute on function quality.acknowledge(bigint[], text, text, timestamptz) to marketbase_worker, marketbase_author;
