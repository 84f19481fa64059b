-- What holds each step back.
create or replace view quality.gate_in_force
with (security_invoker = true)
as
select distinct on (gate.step)
  gate.step,
  gate.datasets,
  gate.severities,
  gate.rules,
  gate.description,
  gate.in_force_from,
  gate.recorded_by
from quality.gate as gate
order by gate.step, gate.in_force_from desc;

comment on view quality.gate_in_force is E'@primaryKey step\nWhich findings hold each step back; quality.held_back says what they hold back now. A gate without severities and rules holds nothing back.';
comment on column quality.gate_in_force.step is E'@notNull\nStep: features, train or predict.';
comment on column quality.gate_in_force.datasets is E'@notNull\nStored data on which the step depends.';
comment on column quality.gate_in_force.severities is E'@notNull\nSeverities of rules whose findings in these datasets hold the step back.';
comment on column quality.gate_in_force.rules is E'@notNull\nRules that do so whatever their dataset and severity, also those on bodies.';
comment on column quality.gate_in_force.description is E'@notNull\nWhy, in words.';
comment on column quality.gate_in_force.in_force_from is E'@notNull\nFrom when.';
comment on column quality.gate_in_force.recorded_by is E'@notNull\nDatabase role that set it.';

grant select on quality.gate_in_force to marketbase_reader;
