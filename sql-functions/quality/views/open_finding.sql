-- What is still wrong with the stored data, and nobody has acknowledged.
create or replace view quality.open_finding
with (security_invoker = true)
as
select
  followed.finding_id,
  followed.validation_finding_id,
  followed.instrument_id,
  followed.symbol,
  followed.ts,
  followed.rule,
  followed.rule_version,
  followed.severity,
  followed.dataset,
  followed.key,
  followed.observed,
  followed.expected,
  followed.message,
  followed.state,
  followed.first_seen_at,
  followed.last_seen_at as recorded_at
from quality.finding as followed
where followed.state in ('open', 'reopened')
  and followed.is_in_force
  and followed.provider is null
  and followed.instrument_id is not null;

comment on view quality.open_finding is E'@primaryKey finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName openFindings\n@foreignKey (validation_finding_id, recorded_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName openFindings\nWhat the rules in force found wrong in the stored data of instruments, no later look of the same rule at the same time has found right, and nobody has acknowledged; quality.finding has the others, with their state.';
comment on column quality.open_finding.finding_id is E'@notNull\nThe finding in quality.finding.';
comment on column quality.open_finding.validation_finding_id is E'@notNull\nWhat was seen last, in quality.validation_finding.';
comment on column quality.open_finding.instrument_id is E'@notNull\nInstrument.';
comment on column quality.open_finding.symbol is E'@notNull\nIts symbol.';
comment on column quality.open_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.open_finding.rule is E'@notNull\nRule.';
comment on column quality.open_finding.rule_version is E'@notNull\nVersion of the rule that saw it last.';
comment on column quality.open_finding.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.open_finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.open_finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.open_finding.observed is E'@notNull\nValues that were seen, a JSON object.';
comment on column quality.open_finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.open_finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.open_finding.state is E'@notNull\nopen, or reopened where it came back.';
comment on column quality.open_finding.first_seen_at is E'@notNull\nWhen it was seen first.';
comment on column quality.open_finding.recorded_at is E'@notNull\nWhen it was seen last.';

grant select on quality.open_finding to marketbase_reader;
