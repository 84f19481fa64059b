-- Rules that are data: expectations with parameters, conditions, warnings, anomalies and known incidents.

-- What define_rule takes has changed; what calls it is made again with it.
drop function if exists quality.refresh_rules();
drop function if exists quality.define_rule(text, text, text, text, jsonb, text, text, text);

alter table quality.validation_rule add column if not exists expectation text;
alter table quality.validation_rule drop constraint if exists validation_rule_dataset_check;
alter table quality.validation_rule add constraint validation_rule_dataset_check check (
  expectation is not null
  or dataset in (
    'candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector', 'feature_set', 'raw_response'
  )
);
comment on column quality.validation_rule.dataset is 'What it looks at; for an expectation the name of a table or view.';
comment on column quality.validation_rule.family is 'structure, prices, actions, calendar, fundamentals, features, online, predictions, or custom for what was defined by hand.';
comment on column quality.validation_rule.parameters is 'Thresholds, a JSON object; for an expectation as quality.expectation lists them, what was left out filled in.';
comment on column quality.validation_rule.function_name is 'Function that finds the violations; for an expectation the one that writes the query.';
comment on column quality.validation_rule.expectation is 'What is expected of the dataset (quality.expectation.expectation); null for a rule that is a function of its own.';

alter table quality.rule_activation add column if not exists activated_by text;
alter table quality.rule_activation alter column activated_by set default coalesce(nullif(current_setting('role'), 'none'), session_user);
comment on column quality.rule_activation.activated_by is 'Role that put it in force or took it out; null for what was in force before this was recorded.';

alter table quality.validation_result add column if not exists masked_count bigint not null default 0;
alter table quality.validation_result drop constraint if exists validation_result_status_check;
alter table quality.validation_result add constraint validation_result_status_check check (status in ('passed', 'warned', 'failed', 'not_applicable'));
alter table quality.validation_result drop constraint if exists validation_result_failed_check;
alter table quality.validation_result add constraint validation_result_failed_check check (
  case when status in ('failed', 'warned') then failed_count > 0 when status = 'not_applicable' then failed_count = 0 else true end
);
alter table quality.validation_result drop constraint if exists validation_result_masked_check;
alter table quality.validation_result add constraint validation_result_masked_check check (masked_count >= 0);
comment on column quality.validation_result.status is 'passed; warned (beyond the threshold of a warning); failed; not_applicable where there was nothing to look at.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule; a passed result has some where the rule tolerates a share of them.';
comment on column quality.validation_result.masked_count is 'Rows (windows, for a rule on a metric) that lie in a known incident and were not judged.';

create table if not exists quality.known_incident (
  known_incident_id bigint generated always as identity primary key,
  dataset text not null,
  instrument_id bigint references market.instrument,
  provider text references ingest.provider,
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  reason text not null,
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  recorded_at timestamptz not null default now(),
  withdrawn_by text,
  withdrawn_at timestamptz,
  constraint known_incident_order_check check (to_ts >= from_ts),
  constraint known_incident_reason_check check (reason ~ '\S'),
  constraint known_incident_withdrawn_check check ((withdrawn_by is null) = (withdrawn_at is null))
);
create index if not exists known_incident_dataset_idx on quality.known_incident (dataset, from_ts);
create index if not exists known_incident_instrument_id_idx on quality.known_incident (instrument_id);
create index if not exists known_incident_provider_idx on quality.known_incident (provider);
comment on table quality.known_incident is 'Spans of data that are known to be bad, and why. Expectations do not judge these rows and rules on metrics leave them out of what is usual; every result says how many. A mistake is withdrawn, not deleted.';
comment on column quality.known_incident.known_incident_id is 'Identity.';
comment on column quality.known_incident.dataset is 'Table or view whose rows are masked.';
comment on column quality.known_incident.instrument_id is 'Instrument; null for all.';
comment on column quality.known_incident.provider is 'Provider of the rows; null for all.';
comment on column quality.known_incident.from_ts is 'First time of a masked row.';
comment on column quality.known_incident.to_ts is 'Last time of a masked row, included.';
comment on column quality.known_incident.reason is 'What happened.';
comment on column quality.known_incident.recorded_by is 'Role that recorded it.';
comment on column quality.known_incident.recorded_at is 'When it was recorded.';
comment on column quality.known_incident.withdrawn_by is 'Role that withdrew it; null while it masks.';
comment on column quality.known_incident.withdrawn_at is 'When it was withdrawn; null while it masks.';

-- Types are dropped first so that this file can be applied again while it is current; functions that use them follow.
drop type if exists quality.expectation_frame cascade;
create type quality.expectation_frame as (
  relation regclass,
  rows_sql text,
  key_sql text,
  group_by text,
  is_by_instrument boolean,
  incident_sql text
);
comment on type quality.expectation_frame is 'The rows of a dataset that a rule looks at, as SQL. $1 is an array of instruments, $2 the time from which on.';
comment on column quality.expectation_frame.relation is 'Table or view.';
comment on column quality.expectation_frame.rows_sql is 'A query of its rows, with _group, _instrument_id, _ts and _masked beside the columns.';
comment on column quality.expectation_frame.key_sql is 'An expression over a row d: what identifies it in its instrument, a JSON object.';
comment on column quality.expectation_frame.group_by is 'Column that forms groups; null where all rows are one.';
comment on column quality.expectation_frame.is_by_instrument is 'True where the groups are instruments, of which each has a result of its own.';
comment on column quality.expectation_frame.incident_sql is 'A condition with two places, for the group and for a time: whether a known incident covers both.';

drop type if exists quality.expectation_plan cascade;
create type quality.expectation_plan as (
  source_sql text,
  is_by_instrument boolean,
  expected text
);
comment on type quality.expectation_plan is 'How an expectation is checked.';
comment on column quality.expectation_plan.source_sql is 'A query of what is judged: instrument_id, ts, from_ts, to_ts, key, observed, is_expected (null: not counted) and masked_count.';
comment on column quality.expectation_plan.is_by_instrument is 'True where each instrument has a result of its own.';
comment on column quality.expectation_plan.expected is 'What is expected, in words.';

drop type if exists quality.expectation_verdict cascade;
create type quality.expectation_verdict as (
  instrument_id bigint,
  status text,
  checked_count bigint,
  failed_count bigint,
  masked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz,
  message text,
  violations quality.violation[]
);
comment on type quality.expectation_verdict is 'What a rule says about an instrument, or about a dataset.';
comment on column quality.expectation_verdict.instrument_id is 'Instrument; null for a dataset as a whole.';
comment on column quality.expectation_verdict.status is 'passed, warned, failed or not_applicable.';
comment on column quality.expectation_verdict.checked_count is 'What was judged: rows, or figures made of them.';
comment on column quality.expectation_verdict.failed_count is 'Of these, what is not as expected.';
comment on column quality.expectation_verdict.masked_count is 'What lies in a known incident and was not judged.';
comment on column quality.expectation_verdict.from_ts is 'First time that was looked at.';
comment on column quality.expectation_verdict.to_ts is 'Last time that was looked at.';
comment on column quality.expectation_verdict.message is 'The outcome in a sentence.';
comment on column quality.expectation_verdict.violations is 'The first of what is not as expected; none where the result passed.';

drop type if exists quality.rule_verdict cascade;
create type quality.rule_verdict as (
  rule text,
  verdict quality.expectation_verdict
);
comment on type quality.rule_verdict is 'What a rule said.';
comment on column quality.rule_verdict.rule is 'Rule.';
comment on column quality.rule_verdict.verdict is 'Its verdict.';
