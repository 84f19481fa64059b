-- The version of each rule that is applied now.
create or replace view quality.rule_in_force
with (security_invoker = true)
as
select
  r.rule,
  r.version,
  r.dataset,
  r.family,
  r.severity,
  r.parameters,
  r.population,
  r.function_name,
  r.description,
  r.remedy,
  latest.in_force_from,
  r.expectation
from (
  select distinct on (activation.rule) activation.rule, activation.version, activation.in_force_from
  from quality.rule_activation as activation
  order by activation.rule, activation.in_force_from desc
) as latest
join quality.validation_rule as r on r.rule = latest.rule and r.version = latest.version;

comment on view quality.rule_in_force is E'@primaryKey rule\n@foreignKey (rule, version) references quality.validation_rule (rule, version)|@fieldName validationRule|@foreignFieldName rulesInForce\nThe version of each rule that is applied now.';
comment on column quality.rule_in_force.rule is E'@notNull\nName of the rule.';
comment on column quality.rule_in_force.version is E'@notNull\nVersion in force.';
comment on column quality.rule_in_force.dataset is E'@notNull\nWhat it looks at.';
comment on column quality.rule_in_force.family is E'@notNull\nFamily: structure, prices, actions, calendar, fundamentals, features, online, predictions, or custom for what was defined by hand.';
comment on column quality.rule_in_force.severity is E'@notNull\ncritical (the row is quarantined), error, warning or info.';
comment on column quality.rule_in_force.parameters is E'@notNull\nThresholds, a JSON object.';
comment on column quality.rule_in_force.population is E'@notNull\nWhat checked_count counts.';
comment on column quality.rule_in_force.function_name is E'@notNull\nFunction that finds the violations.';
comment on column quality.rule_in_force.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_in_force.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_in_force.in_force_from is E'@notNull\nFrom when this version is in force.';
comment on column quality.rule_in_force.expectation is 'What is expected (quality.expectation); null for a rule that is a function of its own.';

grant select on quality.rule_in_force to marketbase_reader;
