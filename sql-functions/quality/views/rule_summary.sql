-- One row per rule: what it said last, over all instruments.
create or replace view quality.rule_summary
with (security_invoker = true)
as
select
  in_force.rule,
  in_force.version,
  in_force.dataset,
  in_force.family,
  in_force.severity,
  in_force.description,
  in_force.remedy,
  count(*) filter (where latest.status = 'passed') as passed_count,
  count(*) filter (where latest.status = 'failed') as failed_count,
  count(*) filter (where latest.status = 'not_applicable') as not_applicable_count,
  coalesce(sum(latest.checked_count), 0)::bigint as checked_row_count,
  coalesce(sum(latest.failed_count), 0)::bigint as failed_row_count,
  max(latest.recorded_at) as last_recorded_at,
  count(*) filter (where latest.status = 'warned') as warned_count,
  coalesce(sum(latest.masked_count), 0)::bigint as masked_row_count,
  coalesce(followed.open_count, 0) as open_finding_count,
  coalesce(followed.suppressed_count, 0) as suppressed_finding_count
from quality.rule_in_force as in_force
left join (
  select distinct on (result.rule, result.instrument_id, result.raw_response_id, result.feature_set_version_id)
    result.rule, result.status, result.checked_count, result.failed_count, result.masked_count, result.recorded_at
  from quality.validation_result as result
  order by result.rule, result.instrument_id, result.raw_response_id, result.feature_set_version_id, result.validation_result_id desc
) as latest on latest.rule = in_force.rule
left join (
  select
    tracked.rule,
    count(*) filter (where state.state in ('open', 'reopened')) as open_count,
    count(*) filter (where state.state = 'acknowledged') as suppressed_count
  from quality.tracked_finding as tracked
  join quality.finding_states() as state on state.finding_id = tracked.finding_id
  group by tracked.rule
) as followed on followed.rule = in_force.rule
group by
  in_force.rule, in_force.version, in_force.dataset, in_force.family, in_force.severity, in_force.description, in_force.remedy,
  followed.open_count, followed.suppressed_count;

comment on view quality.rule_summary is E'@primaryKey rule\n@foreignKey (rule, version) references quality.validation_rule (rule, version)|@fieldName validationRule|@foreignFieldName ruleSummaries\nOne row per rule in force: how many instruments (for rules on candidates: bodies, on feature sets: versions of sets) passed and failed when it looked at them last.';
comment on column quality.rule_summary.rule is E'@notNull\nRule.';
comment on column quality.rule_summary.version is E'@notNull\nVersion in force.';
comment on column quality.rule_summary.dataset is E'@notNull\nWhat it looks at.';
comment on column quality.rule_summary.family is E'@notNull\nFamily of the rule.';
comment on column quality.rule_summary.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.rule_summary.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_summary.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_summary.passed_count is E'@notNull\nInstruments, bodies or versions of sets that passed.';
comment on column quality.rule_summary.failed_count is E'@notNull\nInstruments, bodies or versions of sets that failed.';
comment on column quality.rule_summary.not_applicable_count is E'@notNull\nInstruments, bodies or versions of sets in which there was nothing to look at.';
comment on column quality.rule_summary.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.rule_summary.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.rule_summary.last_recorded_at is 'When it was last applied; null where it never was.';
comment on column quality.rule_summary.warned_count is E'@notNull\nInstruments or datasets that are beyond the threshold of a warning.';
comment on column quality.rule_summary.masked_row_count is E'@notNull\nRows that lie in a known incident and were not judged.';
comment on column quality.rule_summary.open_finding_count is E'@notNull\nIts findings in quality.finding that are open or reopened.';
comment on column quality.rule_summary.suppressed_finding_count is E'@notNull\nIts findings that are still wrong and acknowledged, so that they count nowhere else.';

grant select on quality.rule_summary to marketbase_reader;
