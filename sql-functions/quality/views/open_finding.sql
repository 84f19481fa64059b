-- What is still wrong with the stored data.
create or replace view quality.open_finding
with (security_invoker = true)
as
select distinct on (result.instrument_id, result.rule, finding.key)
  finding.validation_finding_id,
  result.instrument_id,
  instrument.symbol,
  finding.ts,
  result.rule,
  result.rule_version,
  result.severity,
  result.dataset,
  finding.key,
  finding.observed,
  finding.expected,
  finding.message,
  finding.recorded_at
from quality.validation_finding as finding
join quality.validation_result as result on result.validation_result_id = finding.validation_result_id
join market.instrument as instrument on instrument.instrument_id = result.instrument_id
join quality.rule_in_force as in_force on in_force.rule = result.rule
where result.raw_response_id is null
  -- A later look of the same rule at the same time has the last word; a finding without a time is decided by any later look.
  and not exists (
    select
    from quality.validation_result as later
    where later.instrument_id = result.instrument_id
      and later.rule = result.rule
      and later.raw_response_id is null
      and later.validation_result_id > result.validation_result_id
      and (finding.ts is null or later.from_ts <= finding.ts)
  )
order by result.instrument_id, result.rule, finding.key, finding.validation_finding_id desc;

comment on view quality.open_finding is E'@primaryKey validation_finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName openFindings\n@foreignKey (validation_finding_id) references quality.validation_finding (validation_finding_id)|@fieldName validationFinding\nWhat the rules in force found wrong in the stored data and no later look of the same rule at the same time has found right.';
comment on column quality.open_finding.validation_finding_id is E'@notNull\nThe finding in quality.validation_finding.';
comment on column quality.open_finding.instrument_id is E'@notNull\nInstrument.';
comment on column quality.open_finding.symbol is E'@notNull\nIts symbol.';
comment on column quality.open_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.open_finding.rule is E'@notNull\nRule.';
comment on column quality.open_finding.rule_version is E'@notNull\nVersion of the rule that found it.';
comment on column quality.open_finding.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.open_finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.open_finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.open_finding.observed is E'@notNull\nValues that were seen, a JSON object.';
comment on column quality.open_finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.open_finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.open_finding.recorded_at is E'@notNull\nWhen it was found.';

grant select on quality.open_finding to marketbase_reader;
