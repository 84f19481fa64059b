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
