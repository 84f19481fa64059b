-- Every finding with its state, as of a moment.
create or replace function quality.findings_as_of(p_as_of timestamptz default 'infinity')
returns setof quality.followed_finding
language sql
stable
parallel safe
begin atomic
  select
    tracked.finding_id, state.state, state.since, tracked.rule, seen.rule_version, seen.severity, tracked.dataset, tracked.instrument_id, instrument.symbol,
    tracked.provider, tracked.subject, tracked.feature_set_version_id, tracked.ts, tracked.key, seen.observed, seen.expected, seen.message,
    tracked.recorded_at, seen.recorded_at, state.decided_by, state.reason, state.until, state.run_id, seen.validation_finding_id,
    coalesce(in_force.version is not null, false)
  from quality.tracked_finding as tracked
  join quality.finding_states(p_as_of) as state on state.finding_id = tracked.finding_id
  join lateral (
    select
      finding.validation_finding_id, finding.observed, finding.expected, finding.message, finding.recorded_at, result.rule_version, result.severity
    from quality.finding_sighting as sighting
    join quality.validation_finding as finding
      on finding.validation_finding_id = sighting.validation_finding_id and finding.recorded_at = sighting.recorded_at
    join quality.validation_result as result
      on result.validation_result_id = finding.validation_result_id and result.recorded_at = finding.recorded_at
    where sighting.finding_id = tracked.finding_id and sighting.recorded_at <= p_as_of
    order by sighting.recorded_at desc, sighting.validation_finding_id desc
    limit 1
  ) as seen on true
  left join market.instrument as instrument on instrument.instrument_id = tracked.instrument_id
  left join lateral (
    select activation.version
    from quality.rule_activation as activation
    where activation.rule = tracked.rule and activation.in_force_from <= p_as_of
    order by activation.in_force_from desc
    limit 1
  ) as in_force on true;
end;

comment on function quality.findings_as_of(timestamptz) is
'What quality.finding said at the moment p_as_of (default: what it says now): findings recorded by then, in the state that they had, as they had been seen last. The same moment gives the same rows, whatever has been recorded since.';

revoke all on function quality.findings_as_of(timestamptz) from public;
grant execute on function quality.findings_as_of(timestamptz) to marketbase_reader;
