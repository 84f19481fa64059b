-- What each rule said last about each instrument's stored data.
create or replace view quality.latest_result
with (security_invoker = true)
as
select
  latest.instrument_id,
  instrument.symbol,
  latest.rule,
  latest.rule_version,
  latest.dataset,
  in_force.family,
  latest.severity,
  latest.status,
  latest.checked_count,
  latest.failed_count,
  latest.from_ts,
  latest.to_ts,
  latest.message,
  in_force.description,
  in_force.remedy,
  latest.validation_result_id,
  latest.recorded_at,
  latest.run_id,
  latest.masked_count
from (
  select distinct on (result.instrument_id, result.rule)
    result.instrument_id, result.rule, result.rule_version, result.dataset, result.severity, result.status, result.checked_count,
    result.failed_count, result.from_ts, result.to_ts, result.message, result.validation_result_id, result.recorded_at, result.run_id,
    result.masked_count
  from quality.validation_result as result
  where result.raw_response_id is null and result.instrument_id is not null
  order by result.instrument_id, result.rule, result.validation_result_id desc
) as latest
join market.instrument as instrument on instrument.instrument_id = latest.instrument_id
join quality.rule_in_force as in_force on in_force.rule = latest.rule;

comment on view quality.latest_result is E'@primaryKey instrument_id,rule\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName latestResults\n@foreignKey (validation_result_id, recorded_at) references quality.validation_result (validation_result_id, recorded_at)|@fieldName validationResult\nWhat each rule in force said last about the stored data of each instrument. After new bars a rule looks at the end of the series alone (from_ts); quality.open_finding has what is still wrong in all of it.';
comment on column quality.latest_result.instrument_id is E'@notNull\nInstrument.';
comment on column quality.latest_result.symbol is E'@notNull\nIts symbol.';
comment on column quality.latest_result.rule is E'@notNull\nRule.';
comment on column quality.latest_result.rule_version is E'@notNull\nVersion of the rule that was applied.';
comment on column quality.latest_result.dataset is E'@notNull\nWhat it looked at.';
comment on column quality.latest_result.family is E'@notNull\nFamily of the rule.';
comment on column quality.latest_result.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.latest_result.status is E'@notNull\npassed, warned, failed or not_applicable.';
comment on column quality.latest_result.checked_count is E'@notNull\nRows that were looked at.';
comment on column quality.latest_result.failed_count is E'@notNull\nRows that violate the rule.';
comment on column quality.latest_result.from_ts is 'First time that was looked at.';
comment on column quality.latest_result.to_ts is 'Last time that was looked at.';
comment on column quality.latest_result.message is E'@notNull\nThe outcome in a sentence.';
comment on column quality.latest_result.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.latest_result.remedy is E'@notNull\nWhat to do then.';
comment on column quality.latest_result.validation_result_id is E'@notNull\nThe result in quality.validation_result.';
comment on column quality.latest_result.recorded_at is E'@notNull\nWhen it was checked.';
comment on column quality.latest_result.run_id is E'@notNull\nRun that checked.';
comment on column quality.latest_result.masked_count is E'@notNull\nRows that lie in a known incident and were not judged.';

grant select on quality.latest_result to marketbase_reader;
