-- Rules on datasets that have no instrument, warnings of rules that are functions, and findings that a known incident masks.

alter table quality.validation_rule drop constraint if exists validation_rule_dataset_check;
alter table quality.validation_rule add constraint validation_rule_dataset_check check (
  expectation is not null
  or dataset in (
    'candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector', 'feature_set', 'raw_response',
    'var_calculation', 'pipeline_run'
  )
);
comment on column quality.validation_rule.family is
'structure, prices, actions, calendar, fundamentals, features, online, predictions, risk, pipeline, or custom for what was defined by hand.';
comment on column quality.validation_rule.parameters is
'Thresholds, a JSON object; warn and fail hold those that take their place at that level. For an expectation as quality.expectation lists them, what was left out filled in.';
comment on column quality.validation_result.masked_count is
'Rows (windows, for a rule on a metric) that lie in a known incident and were not judged; for a rule that is a function, those that it would have found wrong.';
comment on table quality.known_incident is
'Spans of data that are known to be bad, and why. No rule keeps a finding about these rows, and rules on metrics leave them out of what is usual; every result says how many. What a critical rule refuses is refused all the same. A mistake is withdrawn, not deleted.';

alter table quality.finding_event add column if not exists known_incident_id bigint references quality.known_incident;
create index if not exists finding_event_known_incident_id_idx on quality.finding_event (known_incident_id);
alter table quality.finding_event drop constraint if exists finding_event_event_check;
alter table quality.finding_event add constraint finding_event_event_check check (event in ('opened', 'acknowledged', 'reopened', 'resolved', 'masked'));
alter table quality.finding_event drop constraint if exists finding_event_masked_check;
alter table quality.finding_event add constraint finding_event_masked_check
  check ((event = 'masked') = (known_incident_id is not null) and (event <> 'masked' or decided_by is null));
comment on table quality.finding_event is
'The life of findings: opened by a look, acknowledged by a person, resolved by a look that found the row right, masked by a look that did not judge it because of a known incident, reopened by a look or a person. The last event is the state. Append-only.';
comment on column quality.finding_event.event is 'opened, acknowledged, reopened, resolved or masked.';
comment on column quality.finding_event.validation_result_id is 'The look that opened, resolved, masked or reopened it; null for what a person decided.';
comment on column quality.finding_event.known_incident_id is 'The incident that masks it; null for other events.';

comment on column quality.finding_state.state is 'open, acknowledged, reopened, resolved or masked.';
comment on column quality.finding_state.reason is 'Why that person did; of a masked one what happened.';
comment on column quality.finding_state.validation_result_id is 'The look that opened, reopened, resolved or masked it.';
comment on column quality.followed_finding.state is 'open, acknowledged, reopened, resolved or masked (by a known incident).';
comment on column quality.followed_finding.reason is 'Why that person did; of a masked one what happened. Null where a look decided.';

-- These functions have an argument more.
drop function if exists quality.stored_violations(bigint[], timestamptz, timestamptz, text[]);
drop function if exists quality.bar_violations(text[], bigint[], timestamptz, timestamptz);
-- quality.verdict_message says it all.
drop function if exists quality.result_message(bigint, bigint, text);
