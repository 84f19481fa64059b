-- Takes back an acknowledgement or a resolution.
create or replace function quality.reopen(p_finding_ids bigint[], p_by text, p_reason text)
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
  perform quality.lock_known_findings(p_finding_ids);

  select format('Finding %s is %s already.', state.finding_id, state.state) into v_wrong
  from unnest(p_finding_ids) as asked (finding_id)
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state in ('open', 'reopened')
  limit 1;
  if found then
    raise exception using errcode = 'MB008', message = v_wrong, hint = 'Only what is acknowledged, resolved or masked can be reopened.';
  end if;

  return query
  insert into quality.finding_event (finding_id, event, decided_by, reason)
  select asked.finding_id, 'reopened', p_by, p_reason
  from (select distinct finding_id from unnest(p_finding_ids) as finding_id) as asked
  order by asked.finding_id
  returning *;
end;
$$;

comment on function quality.reopen(bigint[], text, text) is
'Takes back that the findings p_finding_ids are acknowledged, resolved or masked: p_by is the person, p_reason why. The next look decides about them again. All or none; returns the events that were recorded.
Errors: MB001 without person, reason or findings, MB002 for an unknown finding, MB008 for one that is open.';

revoke all on function quality.reopen(bigint[], text, text) from public;
grant execute on function quality.reopen(bigint[], text, text) to marketbase_worker, marketbase_author;
