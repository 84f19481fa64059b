-- What each rule on feature sets said last about each set.
create or replace view quality.latest_set_result
with (security_invoker = true)
as
select
  latest.feature_set_version_id,
  feature_set.name as feature_set,
  version.version,
  latest.rule,
  latest.rule_version,
  latest.severity,
  latest.status,
  latest.checked_count,
  latest.failed_count,
  latest.from_ts,
  latest.to_ts,
  latest.message,
  in_force.description,
  in_force.remedy,
  version.is_current as is_current_version,
  latest.validation_result_id,
  latest.recorded_at,
  latest.run_id
from (
  select distinct on (result.feature_set_version_id, result.rule) result.*
  from quality.validation_result as result
  where result.feature_set_version_id is not null
  order by result.feature_set_version_id, result.rule, result.validation_result_id desc
) as latest
join feature.feature_set_version as version on version.feature_set_version_id = latest.feature_set_version_id
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
join quality.rule_in_force as in_force on in_force.rule = latest.rule;

comment on view quality.latest_set_result is E'@primaryKey feature_set_version_id,rule\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)|@fieldName featureSetVersion|@foreignFieldName latestSetResults\n@foreignKey (validation_result_id, recorded_at) references quality.validation_result (validation_result_id, recorded_at)|@fieldName validationResult|@foreignFieldName latestSetResults\nWhat each rule on feature sets in force, such as feature_look_ahead and feature_drift, said last about each version of each set.';
comment on column quality.latest_set_result.feature_set_version_id is E'@notNull\nVersion of the set, by identity.';
comment on column quality.latest_set_result.feature_set is E'@notNull\nName of the set.';
comment on column quality.latest_set_result.version is E'@notNull\nVersion of the set.';
comment on column quality.latest_set_result.rule is E'@notNull\nRule.';
comment on column quality.latest_set_result.rule_version is E'@notNull\nVersion of the rule that was applied.';
comment on column quality.latest_set_result.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.latest_set_result.status is E'@notNull\npassed, warned, failed or not_applicable.';
comment on column quality.latest_set_result.checked_count is E'@notNull\nVectors or features that were looked at.';
comment on column quality.latest_set_result.failed_count is E'@notNull\nThose that violate the rule.';
comment on column quality.latest_set_result.from_ts is 'First time that was looked at.';
comment on column quality.latest_set_result.to_ts is 'Last time that was looked at.';
comment on column quality.latest_set_result.message is E'@notNull\nThe outcome in a sentence, and what the check can miss.';
comment on column quality.latest_set_result.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.latest_set_result.remedy is E'@notNull\nWhat to do then.';
comment on column quality.latest_set_result.is_current_version is E'@notNull\nTrue for the version of the set that is in force.';
comment on column quality.latest_set_result.validation_result_id is E'@notNull\nThe result in quality.validation_result.';
comment on column quality.latest_set_result.recorded_at is E'@notNull\nWhen it was checked.';
comment on column quality.latest_set_result.run_id is E'@notNull\nRun that checked.';

grant select on quality.latest_set_result to marketbase_reader;
