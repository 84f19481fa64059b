-- Who may do what with bodies, normalisation and quarantine: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema ingest to marketbase_reader;

alter table ingest.provider enable row level security;
drop policy if exists provider_read on ingest.provider;
create policy provider_read on ingest.provider for select to marketbase_reader using (true);
revoke all on ingest.provider from public, marketbase_reader, marketbase_worker;
grant select on ingest.provider to marketbase_reader;

alter table ingest.raw_response enable row level security;
drop policy if exists raw_response_read on ingest.raw_response;
create policy raw_response_read on ingest.raw_response for select to marketbase_reader using (true);
drop policy if exists raw_response_insert on ingest.raw_response;
create policy raw_response_insert on ingest.raw_response for insert to marketbase_worker with check (true);
revoke all on ingest.raw_response from public, marketbase_reader, marketbase_worker;
grant select on ingest.raw_response to marketbase_reader;
grant insert (
  provider, dataset, subject, url, method, status, headers, content_type, body, byte_count, sha256, fetched_at, run_id
) on ingest.raw_response to marketbase_worker;

alter table ingest.raw_response_chunk enable row level security;
drop policy if exists raw_response_chunk_read on ingest.raw_response_chunk;
create policy raw_response_chunk_read on ingest.raw_response_chunk for select to marketbase_reader using (true);
drop policy if exists raw_response_chunk_insert on ingest.raw_response_chunk;
create policy raw_response_chunk_insert on ingest.raw_response_chunk for insert to marketbase_worker with check (true);
revoke all on ingest.raw_response_chunk from public, marketbase_reader, marketbase_worker;
grant select on ingest.raw_response_chunk to marketbase_reader;
grant insert (raw_response_id, chunk_no, body) on ingest.raw_response_chunk to marketbase_worker;

alter table ingest.normalisation enable row level security;
drop policy if exists normalisation_read on ingest.normalisation;
create policy normalisation_read on ingest.normalisation for select to marketbase_reader using (true);
drop policy if exists normalisation_insert on ingest.normalisation;
create policy normalisation_insert on ingest.normalisation for insert to marketbase_worker with check (true);
revoke all on ingest.normalisation from public, marketbase_reader, marketbase_worker;
grant select on ingest.normalisation to marketbase_reader;
grant insert (
  raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, new_count, changed_count, quarantined_count,
  action_count, action_changed_count, error_code, message, run_id
) on ingest.normalisation to marketbase_worker;

alter table ingest.candidate_bar enable row level security;
drop policy if exists candidate_bar_work on ingest.candidate_bar;
create policy candidate_bar_work on ingest.candidate_bar for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_bar from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_bar to marketbase_worker;
grant insert (
  raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, payload
) on ingest.candidate_bar to marketbase_worker;
grant update (
  raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, payload
) on ingest.candidate_bar to marketbase_worker;

alter table ingest.candidate_fact enable row level security;
drop policy if exists candidate_fact_work on ingest.candidate_fact;
create policy candidate_fact_work on ingest.candidate_fact for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_fact from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_fact to marketbase_worker;
grant insert (
  raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
  filed, known_from, payload
) on ingest.candidate_fact to marketbase_worker;
grant update (
  raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
  filed, known_from, payload
) on ingest.candidate_fact to marketbase_worker;

alter table ingest.candidate_action enable row level security;
drop policy if exists candidate_action_work on ingest.candidate_action;
create policy candidate_action_work on ingest.candidate_action for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_action from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_action to marketbase_worker;
grant insert (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency) on ingest.candidate_action to marketbase_worker;

alter table ingest.quarantine enable row level security;
drop policy if exists quarantine_read on ingest.quarantine;
create policy quarantine_read on ingest.quarantine for select to marketbase_reader using (true);
drop policy if exists quarantine_insert on ingest.quarantine;
create policy quarantine_insert on ingest.quarantine for insert to marketbase_worker with check (true);
revoke all on ingest.quarantine from public, marketbase_reader, marketbase_worker;
grant select on ingest.quarantine to marketbase_reader;
grant insert (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id) on ingest.quarantine to marketbase_worker;

alter table ingest.provider_field enable row level security;
drop policy if exists provider_field_read on ingest.provider_field;
create policy provider_field_read on ingest.provider_field for select to marketbase_reader using (true);
revoke all on ingest.provider_field from public, marketbase_reader, marketbase_worker;
grant select on ingest.provider_field to marketbase_reader;

alter table ingest.candidate_action_span enable row level security;
drop policy if exists candidate_action_span_work on ingest.candidate_action_span;
create policy candidate_action_span_work on ingest.candidate_action_span for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_action_span from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_action_span to marketbase_worker;
grant insert (raw_response_id, instrument_id, action_type, from_date, to_date, comes_with_bars) on ingest.candidate_action_span to marketbase_worker;

alter table ingest.field_tolerance enable row level security;
drop policy if exists field_tolerance_read on ingest.field_tolerance;
create policy field_tolerance_read on ingest.field_tolerance for select to marketbase_reader using (true);
revoke all on ingest.field_tolerance from public, marketbase_reader, marketbase_worker;
grant select on ingest.field_tolerance to marketbase_reader;

alter table ingest.request_pace enable row level security;
drop policy if exists request_pace_read on ingest.request_pace;
create policy request_pace_read on ingest.request_pace for select to marketbase_reader using (true);
drop policy if exists request_pace_insert on ingest.request_pace;
create policy request_pace_insert on ingest.request_pace for insert to marketbase_worker with check (true);
drop policy if exists request_pace_update on ingest.request_pace;
create policy request_pace_update on ingest.request_pace for update to marketbase_worker using (true) with check (true);
revoke all on ingest.request_pace from public, marketbase_reader, marketbase_worker;
grant select on ingest.request_pace to marketbase_reader;
grant insert (provider, next_at, blocked_until, blocked_reason, recent, request_count) on ingest.request_pace to marketbase_worker;
grant update (next_at, blocked_until, blocked_reason, recent, request_count) on ingest.request_pace to marketbase_worker;

alter table ingest.held_response enable row level security;
drop policy if exists held_response_read on ingest.held_response;
create policy held_response_read on ingest.held_response for select to marketbase_reader using (true);
drop policy if exists held_response_insert on ingest.held_response;
create policy held_response_insert on ingest.held_response for insert to marketbase_worker with check (true);
drop policy if exists held_response_update on ingest.held_response;
create policy held_response_update on ingest.held_response for update to marketbase_worker using (true) with check (true);
revoke all on ingest.held_response from public, marketbase_reader, marketbase_worker;
grant select on ingest.held_response to marketbase_reader;
grant insert (
  raw_response_id, run_id, changed_count, instrument_count, first_ts, last_ts, bar_count, fact_count, feature_value_count, training_set_count,
  prediction_count
) on ingest.held_response to marketbase_worker;
grant update (
  run_id, held_at, changed_count, instrument_count, first_ts, last_ts, bar_count, fact_count, feature_value_count, training_set_count,
  prediction_count, released_at, released_by, reason, accept_run_id
) on ingest.held_response to marketbase_worker;

grant insert (covers_until, price_basis, splits_adjusted_to) on ingest.raw_response to marketbase_worker;

alter table ingest.bar_coverage enable row level security;
drop policy if exists bar_coverage_read on ingest.bar_coverage;
create policy bar_coverage_read on ingest.bar_coverage for select to marketbase_reader using (true);
drop policy if exists bar_coverage_insert on ingest.bar_coverage;
create policy bar_coverage_insert on ingest.bar_coverage for insert to marketbase_worker with check (true);
drop policy if exists bar_coverage_update on ingest.bar_coverage;
create policy bar_coverage_update on ingest.bar_coverage for update to marketbase_worker using (true) with check (true);
revoke all on ingest.bar_coverage from public, marketbase_reader, marketbase_worker;
grant select on ingest.bar_coverage to marketbase_reader;
grant insert (instrument_id, bar_interval, raw_response_id, provider, fetched_at, covered_from, covered_until) on ingest.bar_coverage to marketbase_worker;
grant update (covered_from, covered_until) on ingest.bar_coverage to marketbase_worker;
alter table ingest.quarantine_release enable row level security;
drop policy if exists quarantine_release_read on ingest.quarantine_release;
create policy quarantine_release_read on ingest.quarantine_release for select to marketbase_reader using (true);
drop policy if exists quarantine_release_insert on ingest.quarantine_release;
create policy quarantine_release_insert on ingest.quarantine_release for insert to marketbase_worker with check (true);
revoke all on ingest.quarantine_release from public, marketbase_reader, marketbase_worker;
grant select on ingest.quarantine_release to marketbase_reader;
grant insert (quarantine_id, decided_by, reason, new_count, changed_count, run_id) on ingest.quarantine_release to marketbase_worker;

alter table ingest.known_shape enable row level security;
drop policy if exists known_shape_read on ingest.known_shape;
create policy known_shape_read on ingest.known_shape for select to marketbase_reader using (true);
drop policy if exists known_shape_insert on ingest.known_shape;
create policy known_shape_insert on ingest.known_shape for insert to marketbase_worker with check (true);
revoke all on ingest.known_shape from public, marketbase_reader, marketbase_worker;
grant select on ingest.known_shape to marketbase_reader;
grant insert (sha256, paths) on ingest.known_shape to marketbase_worker;

alter table ingest.body_shape enable row level security;
drop policy if exists body_shape_read on ingest.body_shape;
create policy body_shape_read on ingest.body_shape for select to marketbase_reader using (true);
drop policy if exists body_shape_insert on ingest.body_shape;
create policy body_shape_insert on ingest.body_shape for insert to marketbase_worker with check (true);
revoke all on ingest.body_shape from public, marketbase_reader, marketbase_worker;
grant select on ingest.body_shape to marketbase_reader;
grant insert (raw_response_id, provider, dataset, sha256, run_id) on ingest.body_shape to marketbase_worker;
