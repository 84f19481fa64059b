create table quality.validation_rule (
  rule text not null,
  version text not null,
  dataset text not null,
  family text not null,
  severity text not null,
  parameters jsonb not null default '{}',
  population text not null,
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
comment on table quality.validation_rule is 'Every version of every rule. Append-only: a change of the function, the severity, the parameters or the wording is a new version. Which one is in force is said by quality.rule_activation.';
comment on column quality.validation_rule.rule is 'Name of the rule, such as price_data_high_gte_low.';
comment on column quality.validation_rule.version is 'First 12 hex digits of the sha256 of its functions'' definitions, severity, parameters and wording.';
comment on column quality.validation_rule.dataset is 'What it looks at.';
comment on column quality.validation_rule.family is 'structure, prices, calendar, fundamentals, features or predictions.';
comment on column quality.validation_rule.severity is 'critical (the row is quarantined), error, warning or info.';
comment on column quality.validation_rule.parameters is 'Thresholds, a JSON object.';
comment on column quality.validation_rule.population is 'What checked_count counts: candidate_bar, candidate_fact, or the <name> of the function quality.population_<name> that counts per instrument.';
comment on column quality.validation_rule.function_name is 'Function that finds the violations.';
comment on column quality.validation_rule.description is 'What it means when the rule fails.';
comment on column quality.validation_rule.remedy is 'What to do then.';
comment on column quality.validation_rule.in_force_from is 'When this version first came into force.';

create table quality.rule_activation (
  rule text not null,
  in_force_from timestamptz not null default clock_timestamp(),
  version text,
  primary key (rule, in_force_from),
  foreign key (rule, version) references quality.validation_rule (rule, version)
);
create index rule_activation_rule_version_idx on quality.rule_activation (rule, version);
comment on table quality.rule_activation is 'When which version of a rule came into force, so that an old version can return and a rule can be retired. Append-only; the newest row counts.';
comment on column quality.rule_activation.rule is 'Rule.';
comment on column quality.rule_activation.in_force_from is 'From when.';
comment on column quality.rule_activation.version is 'The version in force from then on; null where the rule was retired.';

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
comment on column quality.validation_result.instrument_id is 'Instrument; null where the rows are of none or of more than one.';
comment on column quality.validation_result.raw_response_id is 'The body whose rows were checked before they were accepted; null for a check of what is stored.';
comment on column quality.validation_result.status is 'passed, failed or not_applicable.';
comment on column quality.validation_result.severity is 'Severity of the rule.';
comment on column quality.validation_result.checked_count is 'Rows that were looked at.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule.';
comment on column quality.validation_result.from_ts is 'First time that was looked at; null where nothing was.';
comment on column quality.validation_result.to_ts is 'Last time that was looked at; null where nothing was.';
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

-- What rules return and take. Types are stateful (there is no create or replace type), so they live here.
create type quality.violation as (
  row_no bigint,
  instrument_id bigint,
  ts timestamptz,
  key jsonb,
  observed jsonb,
  expected text,
  message text
);
comment on type quality.violation is 'A row that violates a rule; every rule returns a set of these.';
comment on column quality.violation.row_no is 'Position of the row in its body; null for a rule on stored data.';
comment on column quality.violation.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.violation.ts is 'Time of the row; null where it has none.';
comment on column quality.violation.key is 'Key of the row, a JSON object.';
comment on column quality.violation.observed is 'Values that were seen, a JSON object.';
comment on column quality.violation.expected is 'What the rule expects, in words.';
comment on column quality.violation.message is 'What is wrong, in a sentence.';

create type quality.rule_violation as (
  rule text,
  row_no bigint,
  instrument_id bigint,
  ts timestamptz,
  key jsonb,
  observed jsonb,
  expected text,
  message text
);
comment on type quality.rule_violation is 'A violation with the name of its rule.';
comment on column quality.rule_violation.rule is 'Rule.';
comment on column quality.rule_violation.row_no is 'As in quality.violation.';
comment on column quality.rule_violation.instrument_id is 'As in quality.violation.';
comment on column quality.rule_violation.ts is 'As in quality.violation.';
comment on column quality.rule_violation.key is 'As in quality.violation.';
comment on column quality.rule_violation.observed is 'As in quality.violation.';
comment on column quality.rule_violation.expected is 'As in quality.violation.';
comment on column quality.rule_violation.message is 'As in quality.violation.';

create type quality.population as (
  instrument_id bigint,
  checked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz
);
comment on type quality.population is 'How many rows a rule looks at, per instrument. An instrument that is left out is one to which the rule does not apply.';
comment on column quality.population.instrument_id is 'Instrument.';
comment on column quality.population.checked_count is 'Rows.';
comment on column quality.population.from_ts is 'Time of the first.';
comment on column quality.population.to_ts is 'Time of the last.';

create type quality.rejected_row as (
  row_no bigint,
  rules text[],
  reason text
);
comment on type quality.rejected_row is 'A row of a body that fails critical rules and belongs in ingest.quarantine.';
comment on column quality.rejected_row.row_no is 'Position of the row in the body.';
comment on column quality.rejected_row.rules is 'Names of the critical rules that it fails, sorted.';
comment on column quality.rejected_row.reason is 'What is wrong, one sentence per rule.';

create type quality.daily_bar as (
  instrument_id bigint,
  bar_no bigint,
  ts timestamptz,
  session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  previous_close double precision,
  split_ratio double precision,
  log_return double precision,
  is_asked boolean
);
comment on type quality.daily_bar is 'A daily bar as the rules see it: with its predecessor''s close and the return that splits do not distort.';
comment on column quality.daily_bar.instrument_id is 'Instrument.';
comment on column quality.daily_bar.bar_no is 'Position among the bars that were read, from 1 per instrument.';
comment on column quality.daily_bar.ts is 'Start of the bar.';
comment on column quality.daily_bar.session_date is 'Local date of the session.';
comment on column quality.daily_bar.open is 'First price.';
comment on column quality.daily_bar.high is 'Highest price.';
comment on column quality.daily_bar.low is 'Lowest price.';
comment on column quality.daily_bar.close is 'Last price.';
comment on column quality.daily_bar.volume is 'Units traded.';
comment on column quality.daily_bar.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column quality.daily_bar.previous_close is 'Close of the bar before; null for the first that was read.';
comment on column quality.daily_bar.split_ratio is 'New shares per old one by the recorded splits since the bar before; 1 where there was none.';
comment on column quality.daily_bar.log_return is 'Natural logarithm of close over previous close, with or without the recorded split, whichever is nearer to 0: providers differ in whether their prices contain it.';
comment on column quality.daily_bar.is_asked is 'True for a bar of the span that is to be checked; false for one that only gives context.';

create type quality.expected_session as (
  instrument_id bigint,
  ts timestamptz,
  session_date date,
  mic text
);
comment on type quality.expected_session is 'A session on which an instrument should have a daily bar.';
comment on column quality.expected_session.instrument_id is 'Instrument.';
comment on column quality.expected_session.ts is 'Midnight UTC of session_date, the ts of its daily bar.';
comment on column quality.expected_session.session_date is 'Local date of the session.';
comment on column quality.expected_session.mic is 'Exchange.';

create type quality.balance_sheet as (
  instrument_id bigint,
  ts timestamptz,
  period_end date,
  unit text,
  assets numeric,
  liabilities_and_equity numeric,
  formula text
);
comment on type quality.balance_sheet is 'The two sides of a balance sheet.';
comment on column quality.balance_sheet.instrument_id is 'Instrument of the company.';
comment on column quality.balance_sheet.ts is 'Midnight UTC of period_end.';
comment on column quality.balance_sheet.period_end is 'Date of the balance sheet.';
comment on column quality.balance_sheet.unit is 'Currency.';
comment on column quality.balance_sheet.assets is 'Total assets.';
comment on column quality.balance_sheet.liabilities_and_equity is 'The other side.';
comment on column quality.balance_sheet.formula is 'From what the other side was taken.';

create type quality.earnings_period as (
  instrument_id bigint,
  ts timestamptz,
  period_start date,
  period_end date,
  unit text,
  net_income numeric,
  shares numeric,
  earnings_per_share numeric
);
comment on type quality.earnings_period is 'What a company earned in a period, in all and per share.';
comment on column quality.earnings_period.instrument_id is 'Instrument of the company.';
comment on column quality.earnings_period.ts is 'Midnight UTC of period_end.';
comment on column quality.earnings_period.period_start is 'First day of the period.';
comment on column quality.earnings_period.period_end is 'Last day of the period.';
comment on column quality.earnings_period.unit is 'Currency.';
comment on column quality.earnings_period.net_income is 'Net income.';
comment on column quality.earnings_period.shares is 'Weighted average of the shares outstanding.';
comment on column quality.earnings_period.earnings_per_share is 'Basic earnings per share, as reported.';

create type quality.rule_population as (
  population text,
  instrument_id bigint,
  checked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz
);
comment on type quality.rule_population is 'A population with its name.';
comment on column quality.rule_population.population is 'Name of the population.';
comment on column quality.rule_population.instrument_id is 'As in quality.population.';
comment on column quality.rule_population.checked_count is 'As in quality.population.';
comment on column quality.rule_population.from_ts is 'As in quality.population.';
comment on column quality.rule_population.to_ts is 'As in quality.population.';
