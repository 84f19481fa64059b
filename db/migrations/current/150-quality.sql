create table quality.validation_rule (
  rule text not null,
  version text not null,
  dataset text not null,
  family text not null,
  severity text not null,
  parameters jsonb not null default '{}',
  function_name text not null,
  description text not null,
  remedy text not null,
  in_force_from timestamptz not null default now(),
  primary key (rule, version),
  constraint validation_rule_name_check check (rule ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint validation_rule_dataset_check check (dataset in ('candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction')),
  constraint validation_rule_severity_check check (severity in ('critical', 'error', 'warning', 'info')),
  constraint validation_rule_parameters_check check (jsonb_typeof(parameters) = 'object')
);
comment on table quality.validation_rule is 'Every version of every rule. Append-only: a changed function, severity or parameter is a new version; the newest one is in force.';
comment on column quality.validation_rule.rule is 'Name of the rule, such as price_data_high_gte_low.';
comment on column quality.validation_rule.version is 'First 12 hex digits of the sha256 of its function''s definition, severity and parameters.';
comment on column quality.validation_rule.dataset is 'What it looks at.';
comment on column quality.validation_rule.family is 'structure, prices, calendar, fundamentals, features or pipeline.';
comment on column quality.validation_rule.severity is 'critical (the row is quarantined), error, warning or info.';
comment on column quality.validation_rule.parameters is 'Thresholds, a JSON object.';
comment on column quality.validation_rule.function_name is 'Function that finds the violations.';
comment on column quality.validation_rule.description is 'What it means when the rule fails.';
comment on column quality.validation_rule.remedy is 'What to do then.';
comment on column quality.validation_rule.in_force_from is 'When this version came into force.';

create table quality.validation_result (
  validation_result_id bigint generated always as identity primary key,
  rule text not null,
  rule_version text not null,
  dataset text not null,
  instrument_id bigint references market.instrument,
  raw_response_id bigint references ingest.raw_response,
  status text not null,
  severity text not null,
  checked_count bigint not null,
  failed_count bigint not null,
  from_ts timestamptz,
  to_ts timestamptz,
  message text not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  foreign key (rule, rule_version) references quality.validation_rule (rule, version),
  constraint validation_result_status_check check (status in ('passed', 'failed', 'not_applicable')),
  constraint validation_result_severity_check check (severity in ('critical', 'error', 'warning', 'info')),
  constraint validation_result_counts_check check (checked_count >= 0 and failed_count between 0 and checked_count),
  constraint validation_result_failed_check check ((status = 'failed') = (failed_count > 0))
);
create index validation_result_rule_idx on quality.validation_result (rule, rule_version);
create index validation_result_instrument_id_idx on quality.validation_result (instrument_id, recorded_at);
create index validation_result_raw_response_id_idx on quality.validation_result (raw_response_id);
create index validation_result_run_id_idx on quality.validation_result (run_id);
comment on table quality.validation_result is 'What each rule said each time, passes and failures. Append-only.';
comment on column quality.validation_result.validation_result_id is 'Identity.';
comment on column quality.validation_result.rule is 'Rule.';
comment on column quality.validation_result.rule_version is 'Version of the rule that was applied.';
comment on column quality.validation_result.dataset is 'What it looked at.';
comment on column quality.validation_result.instrument_id is 'Instrument; null where the check is of more than one.';
comment on column quality.validation_result.raw_response_id is 'The body whose rows were checked before they were accepted; null for a check of what is stored.';
comment on column quality.validation_result.status is 'passed, failed or not_applicable.';
comment on column quality.validation_result.severity is 'Severity of the rule.';
comment on column quality.validation_result.checked_count is 'Rows that were looked at.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule.';
comment on column quality.validation_result.from_ts is 'First time that was looked at.';
comment on column quality.validation_result.to_ts is 'Last time that was looked at.';
comment on column quality.validation_result.message is 'The outcome in a sentence.';
comment on column quality.validation_result.recorded_at is 'When it was checked.';
comment on column quality.validation_result.run_id is 'Run that checked.';

create table quality.validation_finding (
  validation_finding_id bigint generated always as identity primary key,
  validation_result_id bigint not null references quality.validation_result,
  instrument_id bigint references market.instrument,
  ts timestamptz,
  key jsonb not null,
  observed jsonb not null,
  expected text not null,
  message text not null,
  recorded_at timestamptz not null default now(),
  constraint validation_finding_key_check check (jsonb_typeof(key) = 'object'),
  constraint validation_finding_observed_check check (jsonb_typeof(observed) = 'object')
);
create index validation_finding_validation_result_id_idx on quality.validation_finding (validation_result_id);
create index validation_finding_instrument_id_idx on quality.validation_finding (instrument_id, ts);
comment on table quality.validation_finding is 'The rows that failed, with what was seen and what was expected. Append-only.';
comment on column quality.validation_finding.validation_finding_id is 'Identity.';
comment on column quality.validation_finding.validation_result_id is 'The result to which it belongs.';
comment on column quality.validation_finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.validation_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.validation_finding.key is 'Key of the row, a JSON object.';
comment on column quality.validation_finding.observed is 'Values that were seen, a JSON object.';
comment on column quality.validation_finding.expected is 'What the rule expects, in words.';
comment on column quality.validation_finding.message is 'What is wrong, in a sentence.';
comment on column quality.validation_finding.recorded_at is 'When it was found.';
