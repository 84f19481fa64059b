-- What rules found wrong, followed from look to look, with its state now.
create or replace view quality.finding
with (security_invoker = true)
as
select
  followed.finding_id,
  followed.state,
  followed.since,
  followed.rule,
  followed.rule_version,
  followed.severity,
  followed.dataset,
  followed.instrument_id,
  followed.symbol,
  followed.provider,
  followed.subject,
  followed.feature_set_version_id,
  followed.ts,
  followed.key,
  followed.observed,
  followed.expected,
  followed.message,
  followed.first_seen_at,
  followed.last_seen_at,
  followed.decided_by,
  followed.reason,
  followed.until,
  followed.state_run_id,
  followed.validation_finding_id,
  followed.is_in_force
from quality.findings_as_of() as followed;

comment on view quality.finding is E'@primaryKey finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName findings\n@foreignKey (validation_finding_id, last_seen_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName findings\n@foreignKey (state_run_id) references pipeline.pipeline_run (run_id)|@fieldName stateRun|@foreignFieldName decidedFindings\nWhat rules found wrong, in stored data and in the bodies of providers, one row for each rule and place however often it was seen. A later look of the same rule at the same place that finds it right resolves it; one that finds it wrong again reopens it; one that does not judge it because of a known incident masks it; quality.acknowledge says that somebody knows. quality.finding_event has its whole life, quality.findings_as_of what this said at a moment.';
comment on column quality.finding.finding_id is E'@notNull\nIdentity.';
comment on column quality.finding.state is E'@notNull\nopen, acknowledged, reopened, resolved or masked; see quality.finding_states.';
comment on column quality.finding.since is E'@notNull\nSince when it is in this state.';
comment on column quality.finding.rule is E'@notNull\nRule.';
comment on column quality.finding.rule_version is E'@notNull\nVersion of the rule that saw it last.';
comment on column quality.finding.severity is E'@notNull\nSeverity of that version: critical, error, warning or info.';
comment on column quality.finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.finding.symbol is 'Its symbol.';
comment on column quality.finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.finding.subject is 'Subject of that body, such as a symbol; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.finding.ts is 'Time of the row; null where it has none.';
comment on column quality.finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.finding.observed is E'@notNull\nValues that were seen last, a JSON object.';
comment on column quality.finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.finding.first_seen_at is E'@notNull\nWhen it was seen first.';
comment on column quality.finding.last_seen_at is E'@notNull\nWhen it was seen last.';
comment on column quality.finding.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.finding.reason is 'Why that person did; of a masked one what happened.';
comment on column quality.finding.until is 'Until when it is acknowledged; null for good.';
comment on column quality.finding.state_run_id is 'Run whose look opened, reopened, resolved or masked it; null where a person decided.';
comment on column quality.finding.validation_finding_id is E'@notNull\nWhat was seen last, in quality.validation_finding.';
comment on column quality.finding.is_in_force is E'@notNull\nTrue while the rule is in force.';

grant select on quality.finding to marketbase_reader;
