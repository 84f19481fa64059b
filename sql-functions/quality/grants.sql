-- Who may do what with rules, results and findings: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema quality to marketbase_reader;

alter table quality.validation_rule enable row level security;
drop policy if exists validation_rule_read on quality.validation_rule;
create policy validation_rule_read on quality.validation_rule for select to marketbase_reader using (true);
drop policy if exists validation_rule_insert on quality.validation_rule;
create policy validation_rule_insert on quality.validation_rule for insert to marketbase_worker with check (true);
revoke all on quality.validation_rule from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_rule to marketbase_reader;
grant insert (
  rule, version, dataset, family, severity, parameters, population, function_name, description, remedy
) on quality.validation_rule to marketbase_worker;

alter table quality.rule_activation enable row level security;
drop policy if exists rule_activation_read on quality.rule_activation;
create policy rule_activation_read on quality.rule_activation for select to marketbase_reader using (true);
drop policy if exists rule_activation_insert on quality.rule_activation;
create policy rule_activation_insert on quality.rule_activation for insert to marketbase_worker with check (true);
revoke all on quality.rule_activation from public, marketbase_reader, marketbase_worker;
grant select on quality.rule_activation to marketbase_reader;
grant insert (rule, version) on quality.rule_activation to marketbase_worker;

alter table quality.validation_result enable row level security;
drop policy if exists validation_result_read on quality.validation_result;
create policy validation_result_read on quality.validation_result for select to marketbase_reader using (true);
drop policy if exists validation_result_insert on quality.validation_result;
create policy validation_result_insert on quality.validation_result for insert to marketbase_worker with check (true);
revoke all on quality.validation_result from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_result to marketbase_reader;
grant insert (
  rule, rule_version, dataset, instrument_id, raw_response_id, status, severity, checked_count, failed_count, from_ts, to_ts, message, run_id
) on quality.validation_result to marketbase_worker;

alter table quality.validation_finding enable row level security;
drop policy if exists validation_finding_read on quality.validation_finding;
create policy validation_finding_read on quality.validation_finding for select to marketbase_reader using (true);
drop policy if exists validation_finding_insert on quality.validation_finding;
create policy validation_finding_insert on quality.validation_finding for insert to marketbase_worker with check (true);
revoke all on quality.validation_finding from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_finding to marketbase_reader;
grant insert (validation_result_id, instrument_id, ts, key, observed, expected, message) on quality.validation_finding to marketbase_worker;

-- Results on feature sets.
grant insert (feature_set_version_id) on quality.validation_result to marketbase_worker;

-- Rules that are expectations, results with warnings and known incidents. An author records and withdraws incidents by functions.
grant insert (expectation) on quality.validation_rule to marketbase_worker;
grant insert (masked_count) on quality.validation_result to marketbase_worker;

alter table quality.known_incident enable row level security;
drop policy if exists known_incident_read on quality.known_incident;
create policy known_incident_read on quality.known_incident for select to marketbase_reader using (true);
drop policy if exists known_incident_insert on quality.known_incident;
create policy known_incident_insert on quality.known_incident for insert to marketbase_worker, marketbase_author with check (true);
drop policy if exists known_incident_update on quality.known_incident;
create policy known_incident_update on quality.known_incident for update to marketbase_worker, marketbase_author
  using (withdrawn_at is null) with check (withdrawn_at is not null);
revoke all on quality.known_incident from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.known_incident to marketbase_reader;
grant insert (dataset, instrument_id, provider, from_ts, to_ts, reason) on quality.known_incident to marketbase_worker, marketbase_author;
grant update (withdrawn_by, withdrawn_at) on quality.known_incident to marketbase_worker, marketbase_author;
-- Results of the past say as of when.
grant insert (as_of) on quality.validation_result to marketbase_worker;

-- Partitions are read through their tables.
alter table quality.validation_result_default enable row level security;
alter table quality.validation_finding_default enable row level security;
alter table quality.finding_sighting_default enable row level security;

-- The life of findings. The worker records what looks say; whoever may decide records decisions, and nothing else.
alter table quality.tracked_finding enable row level security;
drop policy if exists tracked_finding_read on quality.tracked_finding;
create policy tracked_finding_read on quality.tracked_finding for select to marketbase_reader using (true);
drop policy if exists tracked_finding_insert on quality.tracked_finding;
create policy tracked_finding_insert on quality.tracked_finding for insert to marketbase_worker with check (true);
revoke all on quality.tracked_finding from public, marketbase_reader, marketbase_worker;
grant select on quality.tracked_finding to marketbase_reader;
grant insert (
  identity, rule, scope, dataset, instrument_id, feature_set_version_id, provider, subject, ts, key, recorded_at, run_id
) on quality.tracked_finding to marketbase_worker;

alter table quality.finding_sighting enable row level security;
drop policy if exists finding_sighting_read on quality.finding_sighting;
create policy finding_sighting_read on quality.finding_sighting for select to marketbase_reader using (true);
drop policy if exists finding_sighting_insert on quality.finding_sighting;
create policy finding_sighting_insert on quality.finding_sighting for insert to marketbase_worker with check (true);
revoke all on quality.finding_sighting from public, marketbase_reader, marketbase_worker;
grant select on quality.finding_sighting to marketbase_reader;
grant insert (finding_id, recorded_at, validation_finding_id) on quality.finding_sighting to marketbase_worker;

alter table quality.finding_event enable row level security;
drop policy if exists finding_event_read on quality.finding_event;
create policy finding_event_read on quality.finding_event for select to marketbase_reader using (true);
drop policy if exists finding_event_insert on quality.finding_event;
create policy finding_event_insert on quality.finding_event for insert to marketbase_worker with check (true);
drop policy if exists finding_event_decide on quality.finding_event;
create policy finding_event_decide on quality.finding_event for insert to marketbase_author with check (decided_by is not null);
revoke all on quality.finding_event from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.finding_event to marketbase_reader;
grant insert (
  finding_id, event, recorded_at, validation_result_id, run_id, decided_by, reason, until, known_incident_id
) on quality.finding_event to marketbase_worker;
grant insert (finding_id, event, decided_by, reason, until) on quality.finding_event to marketbase_author;

-- Gates and their releases.
alter table quality.gate enable row level security;
drop policy if exists gate_read on quality.gate;
create policy gate_read on quality.gate for select to marketbase_reader using (true);
drop policy if exists gate_insert on quality.gate;
create policy gate_insert on quality.gate for insert to marketbase_worker, marketbase_author with check (true);
revoke all on quality.gate from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.gate to marketbase_reader;
grant insert (step, datasets, severities, rules, description) on quality.gate to marketbase_worker, marketbase_author;

alter table quality.gate_release enable row level security;
drop policy if exists gate_release_read on quality.gate_release;
create policy gate_release_read on quality.gate_release for select to marketbase_reader using (true);
drop policy if exists gate_release_insert on quality.gate_release;
create policy gate_release_insert on quality.gate_release for insert to marketbase_worker, marketbase_author with check (true);
revoke all on quality.gate_release from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.gate_release to marketbase_reader;
grant insert (step, dataset, instrument_id, decided_by, reason, until, finding_count) on quality.gate_release to marketbase_worker, marketbase_author;
