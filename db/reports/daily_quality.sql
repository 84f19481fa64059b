-- What the rules found day by day: by rule, data set and provider, what is still wrong, suppressed, refused or waits.
--
--   psql "$URL" -X -f db/reports/daily_quality.sql                                      the last 14 days up to now
--   psql "$URL" -X -v as_of=2026-01-01 -f db/reports/daily_quality.sql                  the 14 days before then, as recorded then
--   psql "$URL" -X -v from=2026-01-01 -v to=2026-01-31 -f db/reports/daily_quality.sql  the checks that were made in a month
\set ON_ERROR_STOP on
\set report 'daily_quality'
\set title 'daily data quality'
\set takes 'as_of from to lines'
\ir common/begin.sql
select least(:'to_date'::date, (:'as_of'::timestamptz)::date) as last_day \gset
select case when :'from_date'::date = '-infinity' then :'last_day'::date - 13 else :'from_date'::date end as first_day \gset
\echo '# Days:    ' :first_day 'to' :last_day '(when a check was made)'
\ir common/lists.sql

\echo '# 1. Day by day'
-- chart: bars of passed, warned, failed over day
select
  day.date as day,
  count(result.status) as checks,
  count(*) filter (where result.status = 'passed') as passed,
  count(*) filter (where result.status = 'warned') as warned,
  count(*) filter (where result.status = 'failed') as failed,
  count(*) filter (where result.status = 'not_applicable') as no_rows,
  coalesce(sum(result.checked_count), 0) as rows,
  coalesce(sum(result.failed_count), 0) as rows_failed,
  coalesce(sum(result.masked_count), 0) as rows_masked,
  round(100 * sum(result.failed_count) / nullif(sum(result.checked_count), 0), 4) as failed_pct
from (
  select :'last_day'::date - n as date from generate_series(0, least(:'last_day'::date - :'first_day'::date, :lines - 1)) as n
) as day
left join quality.validation_result as result
  on result.recorded_at >= day.date and result.recorded_at < day.date + 1 and result.recorded_at <= :'as_of'::timestamptz
group by day.date
order by day.date desc;

\echo '# 2. Rules that failed, the gravest first'
-- chart: bars of rows_failed over rule
select
  result.severity,
  result.rule,
  count(*) as checks,
  count(*) filter (where result.status = 'failed') as failed,
  sum(result.checked_count) as rows,
  sum(result.failed_count) as rows_failed,
  sum(result.masked_count) as rows_masked,
  round(100 * sum(result.failed_count) / nullif(sum(result.checked_count), 0), 4) as failed_pct,
  to_char(max(result.recorded_at) filter (where result.status = 'failed'), 'YYYY-MM-DD HH24:MI') as last_failed
from quality.validation_result as result
where result.recorded_at >= :'first_day'::date and result.recorded_at < :'last_day'::date + 1 and result.recorded_at <= :'as_of'::timestamptz
group by result.severity, result.rule
having count(*) filter (where result.status = 'failed') > 0
order by array_position(array['critical', 'error', 'warning', 'info'], result.severity), sum(result.failed_count) desc, result.rule
limit :lines;

\echo '# 3. By data set'
select
  result.dataset,
  count(distinct result.rule) as rules,
  count(*) as checks,
  count(*) filter (where result.status = 'passed') as passed,
  count(*) filter (where result.status = 'warned') as warned,
  count(*) filter (where result.status = 'failed') as failed,
  count(*) filter (where result.status = 'not_applicable') as no_rows,
  sum(result.checked_count) as rows,
  sum(result.failed_count) as rows_failed,
  sum(result.masked_count) as rows_masked
from quality.validation_result as result
where result.recorded_at >= :'first_day'::date and result.recorded_at < :'last_day'::date + 1 and result.recorded_at <= :'as_of'::timestamptz
group by result.dataset
order by result.dataset;

\echo '# 4. By provider: rows of its bodies before they were accepted'
select
  response.provider,
  count(distinct response.raw_response_id) as bodies,
  count(*) as checks,
  count(*) filter (where result.status = 'passed') as passed,
  count(*) filter (where result.status = 'failed') as failed,
  sum(result.checked_count) as rows_checked,
  sum(result.failed_count) as rows_failed,
  sum(result.masked_count) as rows_masked,
  round(100 * sum(result.failed_count) / nullif(sum(result.checked_count), 0), 4) as failed_pct
from quality.validation_result as result
join ingest.raw_response as response on response.raw_response_id = result.raw_response_id
where result.recorded_at >= :'first_day'::date and result.recorded_at < :'last_day'::date + 1 and result.recorded_at <= :'as_of'::timestamptz
group by response.provider
order by response.provider;

\echo '# 5. Findings by severity: failing rows, and how many of them were kept with their values'
-- chart: bars of rows_failed over severity
select
  severity.name as severity,
  count(result.status) as failed_checks,
  count(distinct result.instrument_id) as instruments,
  coalesce(sum(result.failed_count), 0) as rows_failed,
  coalesce(sum((
    select count(*) from quality.validation_finding as finding where finding.validation_result_id = result.validation_result_id
  )), 0) as findings_kept
from unnest(array['critical', 'error', 'warning', 'info']) with ordinality as severity (name, place)
left join quality.validation_result as result
  on result.severity = severity.name and result.status = 'failed'
  and result.recorded_at >= :'first_day'::date and result.recorded_at < :'last_day'::date + 1 and result.recorded_at <= :'as_of'::timestamptz
group by severity.name, severity.place
order by severity.place;

\echo '# 6. What is still wrong: the last check of stored rows by each rule, the gravest first; how many are acknowledged'
select
  failure.severity,
  failure.rule,
  instrument.symbol,
  failure.failed_count as rows,
  coalesce(suppressed.findings, 0) as acknowledged,
  quality.report_text(sample.message, 39) as first_finding
from (
  select distinct on (result.rule, result.instrument_id) result.*
  from quality.validation_result as result
  where result.raw_response_id is null and result.recorded_at <= :'as_of'::timestamptz
  order by result.rule, result.instrument_id, result.validation_result_id desc
) as failure
left join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = failure.instrument_id
left join (
  select followed.rule, followed.instrument_id, count(*) as findings
  from quality.findings_as_of(:'as_of') as followed
  where followed.state = 'acknowledged' and followed.provider is null
  group by followed.rule, followed.instrument_id
) as suppressed on suppressed.rule = failure.rule and coalesce(suppressed.instrument_id, 0) = coalesce(failure.instrument_id, 0)
left join lateral (
  select finding.message
  from quality.validation_finding as finding
  where finding.validation_result_id = failure.validation_result_id
  order by finding.validation_finding_id
  limit 1
) as sample on true
where failure.status in ('failed', 'warned')
order by
  array_position(array['critical', 'error', 'warning', 'info'], failure.severity),
  failure.rule, failure.failed_count desc, instrument.symbol, failure.validation_result_id
limit :lines;

\echo '# 7. Refused: rows that failed a critical rule and were not stored'
select
  rule.name as rule,
  response.provider,
  quarantine.dataset,
  count(*) as rows,
  count(distinct quarantine.raw_response_id) as bodies,
  count(distinct quarantine.symbol) as symbols,
  to_char(max(quarantine.recorded_at), 'YYYY-MM-DD HH24:MI') as last_refused
from ingest.quarantine as quarantine
join ingest.raw_response as response on response.raw_response_id = quarantine.raw_response_id
cross join lateral unnest(quarantine.rules) as rule (name)
where quarantine.recorded_at >= :'first_day'::date and quarantine.recorded_at < :'last_day'::date + 1
  and quarantine.recorded_at <= :'as_of'::timestamptz
group by rule.name, response.provider, quarantine.dataset
order by rule.name, response.provider, quarantine.dataset
limit :lines;

\echo '# 8. Held: bodies that would change more rows than their provider may, and wait for a release'
select
  to_char(held.held_at, 'YYYY-MM-DD HH24:MI') as held,
  held.raw_response_id as body,
  quality.report_text(format('%s %s %s', response.provider, response.dataset, response.subject), 30) as what,
  held.changed_count as rows,
  held.instrument_count as instruments,
  held.feature_value_count as features,
  held.prediction_count as predictions
from ingest.held_response as held
join ingest.raw_response as response on response.raw_response_id = held.raw_response_id
where held.held_at <= :'as_of'::timestamptz and (held.released_at is null or held.released_at > :'as_of'::timestamptz)
order by held.held_at desc, held.raw_response_id desc
limit :lines;

\echo '# 9. Not checked: rules that were out of force at that moment'
select
  latest.rule,
  latest.severity,
  latest.dataset,
  to_char(latest.in_force_from, 'YYYY-MM-DD HH24:MI') as out_of_force_since
from (
  select distinct on (activation.rule) activation.rule, activation.version, activation.in_force_from, known.severity, known.dataset
  from quality.rule_activation as activation
  join lateral (
    select rule.severity, rule.dataset
    from quality.validation_rule as rule
    where rule.rule = activation.rule and rule.in_force_from <= :'as_of'::timestamptz
    order by rule.in_force_from desc, rule.version
    limit 1
  ) as known on true
  where activation.in_force_from <= :'as_of'::timestamptz
  order by activation.rule, activation.in_force_from desc
) as latest
where latest.version is null
order by latest.rule
limit :lines;

\set acknowledged '# 10. Acknowledged: findings that are still wrong and that somebody has said may stay, the gravest first'
\set incidents '# 11. Known incidents: data that was known to be bad at that moment, and the findings that they had masked'
\set masked '# 12. Masked: rows that the last check of stored data by each rule did not judge because of a known incident'
\ir common/suppressed.sql
\ir common/end.sql
