-- Locks findings that a person decides about.
create or replace function quality.lock_known_findings(p_finding_ids bigint[])
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if coalesce(cardinality(p_finding_ids), 0) = 0 then
    raise exception using errcode = 'MB001', message = 'No finding is named.', hint = 'quality.finding lists them.';
  end if;
  select coalesce(asked.finding_id::text, 'NULL') into v_unknown
  from unnest(p_finding_ids) as asked (finding_id)
  where not exists (select from quality.tracked_finding as tracked where tracked.finding_id = asked.finding_id)
  limit 1;
  if found then
    raise exception using errcode = 'MB002', message = format('There is no finding %s.', v_unknown), hint = 'quality.finding lists them.';
  end if;
  perform quality.lock_findings(array(select tracked.scope from quality.tracked_finding as tracked where tracked.finding_id = any (p_finding_ids)));
end;
$$;

comment on function quality.lock_known_findings(bigint[]) is
'Waits until no other transaction decides about the findings p_finding_ids and keeps others waiting. Errors: MB001 for none, MB002 for an unknown one.';

revoke all on function quality.lock_known_findings(bigint[]) from public;
grant execute on function quality.lock_known_findings(bigint[]) to marketbase_worker, marketbase_author;
