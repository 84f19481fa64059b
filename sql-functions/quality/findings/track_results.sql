-- Follows findings from look to look: opens, reopens and resolves them.
create or replace function quality.track_results(p_validation_result_ids bigint[], p_since timestamptz)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
-- How many findings there are decides the plan; and what a table held when it was analysed last says nothing of what this call puts into it.
set plan_cache_mode to force_custom_plan
set enable_seqscan to off
as $$
declare
  v_looks quality.look[];
  v_seen quality.seen_finding[];
begin
  -- Only looks that saw something, or that may have found right what others saw.
  select array_agg(looked) into v_looks
  from (
    select
      result.validation_result_id, result.recorded_at, result.rule, scope.scope, result.dataset, result.feature_set_version_id,
      response.provider, case when result.dataset <> 'raw_response' then response.subject end,
      result.from_ts, case when response.provider is not null then result.to_ts end, result.run_id,
      result.status = 'passed' or result.failed_count = kept.finding_count
    from quality.validation_result as result
    left join ingest.raw_response as response on response.raw_response_id = result.raw_response_id
    cross join lateral (
      select case
        when result.dataset = 'raw_response' then format('body %s %s', response.provider, response.dataset)
        when response.provider is not null then format('body %s %s %s', response.provider, response.dataset, response.subject)
        when result.feature_set_version_id is not null then format('set %s', result.feature_set_version_id)
        when result.instrument_id is not null then format('instrument %s', result.instrument_id)
        else format('dataset %s', result.dataset)
      end as scope
    ) as scope
    cross join lateral (
      select case
        when result.failed_count = 0 then 0
        else (
          select count(*)
          from quality.validation_finding as finding
          where finding.validation_result_id = result.validation_result_id and finding.recorded_at = result.recorded_at
        )
      end as finding_count
    ) as kept
    where result.validation_result_id = any (p_validation_result_ids)
      and result.recorded_at >= p_since
      and (
        kept.finding_count > 0
        or exists (select from quality.tracked_finding as tracked where tracked.rule = result.rule and tracked.scope = scope.scope)
      )
  ) as looked;
  if v_looks is null then
    return;
  end if;
  perform quality.lock_findings(array(select distinct look.scope from unnest(v_looks) as look));

  select array_agg(row(
    look.validation_result_id, look.recorded_at, look.run_id, finding.validation_finding_id,
    quality.finding_identity(look.rule, look.scope, finding.instrument_id, finding.ts, finding.key), null
  )::quality.seen_finding)
  into v_seen
  from unnest(v_looks) as look
  join quality.validation_finding as finding
    on finding.validation_result_id = look.validation_result_id and finding.recorded_at = look.recorded_at;

  insert into quality.tracked_finding (
    identity, rule, scope, dataset, instrument_id, feature_set_version_id, provider, subject, ts, key, recorded_at, run_id
  )
  select
    first.identity, look.rule, look.scope, look.dataset, finding.instrument_id, look.feature_set_version_id, look.provider, look.subject, finding.ts,
    finding.key, finding.recorded_at, look.run_id
  from (
    select distinct on (seen.identity) seen.*
    from unnest(v_seen) as seen
    where not exists (select from quality.tracked_finding as tracked where tracked.identity = seen.identity)
    order by seen.identity, seen.validation_finding_id
  ) as first
  join unnest(v_looks) as look on look.validation_result_id = first.validation_result_id
  join quality.validation_finding as finding
    on finding.validation_finding_id = first.validation_finding_id and finding.recorded_at = first.recorded_at
  order by first.validation_finding_id
  on conflict (identity) do nothing;

  select array_agg(row(
    seen.validation_result_id, seen.recorded_at, seen.run_id, seen.validation_finding_id, seen.identity, tracked.finding_id
  )::quality.seen_finding)
  into v_seen
  from unnest(v_seen) as seen
  join quality.tracked_finding as tracked on tracked.identity = seen.identity;

  insert into quality.finding_sighting (finding_id, recorded_at, validation_finding_id)
  select seen.finding_id, seen.recorded_at, seen.validation_finding_id
  from unnest(v_seen) as seen
  on conflict (finding_id, recorded_at, validation_finding_id) do nothing;

  -- Seen for the first time, or again after it had been found right or was masked.
  insert into quality.finding_event (finding_id, event, recorded_at, validation_result_id, run_id)
  select
    first.finding_id, case when last.event is null then 'opened' else 'reopened' end, first.recorded_at, first.validation_result_id, first.run_id
  from (
    select distinct on (seen.finding_id) seen.*
    from unnest(v_seen) as seen
    order by seen.finding_id, seen.validation_result_id
  ) as first
  left join lateral (
    select event.event, event.validation_result_id
    from quality.finding_event as event
    where event.finding_id = first.finding_id
    order by event.finding_event_id desc
    limit 1
  ) as last on true
  where last.event is null or (last.event in ('resolved', 'masked') and last.validation_result_id < first.validation_result_id)
  order by first.finding_id;

  -- Not seen by a look that would have seen it: one that kept all that it found, of the same scope, at the same time. It found it right, or did not judge
  -- it because of a known incident. What bodies look like as a whole is not decided by the next body.
  insert into quality.finding_event (finding_id, event, recorded_at, validation_result_id, run_id, known_incident_id)
  select distinct on (tracked.finding_id)
    tracked.finding_id, case when masking.incident_id is null then 'resolved' else 'masked' end, look.recorded_at, look.validation_result_id, look.run_id,
    masking.incident_id
  from unnest(v_looks) as look
  join quality.tracked_finding as tracked on tracked.rule = look.rule and tracked.scope = look.scope
  left join unnest(v_seen) as seen on seen.finding_id = tracked.finding_id and seen.validation_result_id = look.validation_result_id
  cross join lateral (
    select event.event, event.until
    from quality.finding_event as event
    where event.finding_id = tracked.finding_id
    order by event.finding_event_id desc
    limit 1
  ) as last
  cross join lateral (
    select quality.incident_of(tracked.dataset, tracked.instrument_id, tracked.ts, tracked.provider) as incident_id
  ) as masking
  where seen.finding_id is null
    and look.is_complete
    and look.dataset <> 'raw_response'
    and (tracked.ts is null or tracked.ts between look.from_ts and coalesce(look.to_ts, 'infinity'))
    and last.event <> 'resolved'
    -- What is masked stays so, and somebody who acknowledged it is not overruled.
    and (
      masking.incident_id is null
      or last.event <> 'masked' and (last.event <> 'acknowledged' or last.until <= now())
    )
    -- An older look says nothing about what was seen since.
    and not exists (
      select
      from quality.finding_sighting as sighting
      join quality.validation_finding as finding
        on finding.validation_finding_id = sighting.validation_finding_id and finding.recorded_at = sighting.recorded_at
      where sighting.finding_id = tracked.finding_id and sighting.recorded_at >= look.recorded_at
        and finding.validation_result_id > look.validation_result_id
    )
  order by tracked.finding_id, look.validation_result_id desc;
end;
$$;

comment on function quality.track_results(bigint[], timestamptz) is
E'@behavior -*\nWhat the results p_validation_result_ids (recorded at p_since or later) mean for findings: one that is seen for the first time is opened; one that is seen again is the same finding, and reopened where a look had found it right or it was masked; one that was not seen although the look would have seen it is resolved, or masked where it lies in a known incident (quality.incident_of) and nobody has acknowledged it. A look decides about its own rule and scope (an instrument, a version of a set, the bodies of a provider on a subject), from the first time that it looked at, in bodies also up to the last; a result that kept fewer findings than it counted resolves none. A look that was followed before, or that is older than what is known, changes nothing. The triggers of quality.validation_result and validation_finding call it.';

revoke all on function quality.track_results(bigint[], timestamptz) from public;
grant execute on function quality.track_results(bigint[], timestamptz) to marketbase_worker;
