-- What is wrong and does not alarm: acknowledged by somebody, or masked by a known incident. Before it the report sets acknowledged, incidents and
-- masked, the headings of the three lists.
\echo :acknowledged
select
  followed.rule,
  count(*) as findings,
  to_char(max(followed.since), 'YYYY-MM-DD') as since,
  quality.report_text(followed.decided_by, 16) as by,
  to_char(followed.until, 'YYYY-MM-DD') as until,
  quality.report_text(followed.reason, 26) as why
from quality.findings_as_of(:'as_of') as followed
where followed.state = 'acknowledged'
group by followed.severity, followed.rule, followed.decided_by, followed.reason, followed.until
order by
  array_position(array['critical', 'error', 'warning', 'info'], followed.severity),
  followed.rule, followed.decided_by, followed.reason, followed.until
limit :lines;

\echo :incidents
select
  incident.dataset,
  quality.report_text(concat_ws(' ', instrument.symbol, incident.provider), 16) as about,
  to_char(incident.from_ts, 'YYYY-MM-DD HH24:MI') as from,
  to_char(incident.to_ts, 'YYYY-MM-DD HH24:MI') as to,
  (
    select count(distinct event.finding_id)
    from quality.finding_event as event
    where event.known_incident_id = incident.known_incident_id and event.recorded_at <= :'as_of'::timestamptz
  ) as findings,
  quality.report_text(incident.reason, 26) as why
from quality.known_incident as incident
left join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = incident.instrument_id
where incident.recorded_at <= :'as_of'::timestamptz and (incident.withdrawn_at is null or incident.withdrawn_at > :'as_of'::timestamptz)
order by incident.dataset, incident.from_ts, incident.known_incident_id
limit :lines;

\echo :masked
select
  latest.severity,
  latest.rule,
  count(*) as checks,
  sum(latest.checked_count) as rows,
  sum(latest.failed_count) as rows_failed,
  sum(latest.masked_count) as rows_masked
from (
  select distinct on (result.rule, result.instrument_id, result.feature_set_version_id) result.*
  from quality.validation_result as result
  where result.raw_response_id is null and result.recorded_at <= :'as_of'::timestamptz
  order by result.rule, result.instrument_id, result.feature_set_version_id, result.validation_result_id desc
) as latest
where latest.masked_count > 0
group by latest.severity, latest.rule
order by array_position(array['critical', 'error', 'warning', 'info'], latest.severity), sum(latest.masked_count) desc, latest.rule
limit :lines;

