-- Who may do what with feature sets and values: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema feature to marketbase_reader;

alter table feature.feature_set enable row level security;
drop policy if exists feature_set_read on feature.feature_set;
create policy feature_set_read on feature.feature_set for select to marketbase_reader using (true);
drop policy if exists feature_set_insert on feature.feature_set;
create policy feature_set_insert on feature.feature_set for insert to marketbase_worker with check (true);
drop policy if exists feature_set_update on feature.feature_set;
create policy feature_set_update on feature.feature_set for update to marketbase_worker using (true) with check (true);
revoke all on feature.feature_set from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_set to marketbase_reader;
grant insert (name, description, bar_interval, is_active) on feature.feature_set to marketbase_worker;
grant update (description, is_active) on feature.feature_set to marketbase_worker;

alter table feature.feature_set_version enable row level security;
drop policy if exists feature_set_version_read on feature.feature_set_version;
create policy feature_set_version_read on feature.feature_set_version for select to marketbase_reader using (true);
drop policy if exists feature_set_version_insert on feature.feature_set_version;
create policy feature_set_version_insert on feature.feature_set_version for insert to marketbase_worker with check (true);
drop policy if exists feature_set_version_update on feature.feature_set_version;
create policy feature_set_version_update on feature.feature_set_version for update to marketbase_worker using (true) with check (true);
revoke all on feature.feature_set_version from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_set_version to marketbase_reader;
grant insert (
  feature_set_id, version, feature_names, kernels, lookback, compiled_sql, sources, is_current
) on feature.feature_set_version to marketbase_worker;
grant update (is_current) on feature.feature_set_version to marketbase_worker;

alter table feature.feature_definition enable row level security;
drop policy if exists feature_definition_read on feature.feature_definition;
create policy feature_definition_read on feature.feature_definition for select to marketbase_reader using (true);
drop policy if exists feature_definition_insert on feature.feature_definition;
create policy feature_definition_insert on feature.feature_definition for insert to marketbase_worker with check (true);
revoke all on feature.feature_definition from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_definition to marketbase_reader;
grant insert (feature_set_version_id, name, position, expression, description) on feature.feature_definition to marketbase_worker;

alter table feature.feature_vector enable row level security;
drop policy if exists feature_vector_read on feature.feature_vector;
create policy feature_vector_read on feature.feature_vector for select to marketbase_reader using (true);
drop policy if exists feature_vector_insert on feature.feature_vector;
create policy feature_vector_insert on feature.feature_vector for insert to marketbase_worker with check (true);
drop policy if exists feature_vector_update on feature.feature_vector;
create policy feature_vector_update on feature.feature_vector for update to marketbase_worker using (true) with check (true);
drop policy if exists feature_vector_delete on feature.feature_vector;
create policy feature_vector_delete on feature.feature_vector for delete to marketbase_worker using (true);
revoke all on feature.feature_vector from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_vector to marketbase_reader;
grant insert (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id) on feature.feature_vector to marketbase_worker;
grant update (values, known_from, run_id) on feature.feature_vector to marketbase_worker;
grant delete on feature.feature_vector to marketbase_worker;

alter table feature.feature_vector_history enable row level security;
drop policy if exists feature_vector_history_read on feature.feature_vector_history;
create policy feature_vector_history_read on feature.feature_vector_history for select to marketbase_reader using (true);
drop policy if exists feature_vector_history_insert on feature.feature_vector_history;
create policy feature_vector_history_insert on feature.feature_vector_history for insert to marketbase_worker with check (true);
revoke all on feature.feature_vector_history from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_vector_history to marketbase_reader;
grant insert (
  instrument_id, feature_set_version_id, ts, revision, values, known_from, known_to, recorded_at, run_id
) on feature.feature_vector_history to marketbase_worker;

alter table feature.online_vector enable row level security;
drop policy if exists online_vector_read on feature.online_vector;
create policy online_vector_read on feature.online_vector for select to marketbase_reader using (true);
drop policy if exists online_vector_insert on feature.online_vector;
create policy online_vector_insert on feature.online_vector for insert to marketbase_worker with check (true);
drop policy if exists online_vector_update on feature.online_vector;
create policy online_vector_update on feature.online_vector for update to marketbase_worker using (true) with check (true);
revoke all on feature.online_vector from public, marketbase_reader, marketbase_worker;
grant select on feature.online_vector to marketbase_reader;
grant insert (instrument_id, feature_set_version_id, generation) on feature.online_vector to marketbase_worker;
grant update (generation, changed_at, published_generation, published_at) on feature.online_vector to marketbase_worker;

alter table feature.online_reading enable row level security;
drop policy if exists online_reading_read on feature.online_reading;
create policy online_reading_read on feature.online_reading for select to marketbase_reader using (true);
drop policy if exists online_reading_insert on feature.online_reading;
create policy online_reading_insert on feature.online_reading for insert to marketbase_worker with check (true);
drop policy if exists online_reading_delete on feature.online_reading;
create policy online_reading_delete on feature.online_reading for delete to marketbase_worker using (true);
revoke all on feature.online_reading from public, marketbase_reader, marketbase_worker;
grant select on feature.online_reading to marketbase_reader;
grant insert (
  instrument_id, feature_set_version_id, generation, ts, known_from, revision, values, run_id
) on feature.online_reading to marketbase_worker;
grant delete on feature.online_reading to marketbase_worker;

alter table feature.computation_task enable row level security;
drop policy if exists computation_task_read on feature.computation_task;
create policy computation_task_read on feature.computation_task for select to marketbase_reader using (true);
drop policy if exists computation_task_insert on feature.computation_task;
create policy computation_task_insert on feature.computation_task for insert to marketbase_worker with check (true);
drop policy if exists computation_task_update on feature.computation_task;
create policy computation_task_update on feature.computation_task for update to marketbase_worker using (true) with check (true);
drop policy if exists computation_task_delete on feature.computation_task;
create policy computation_task_delete on feature.computation_task for delete to marketbase_worker using (true);
revoke all on feature.computation_task from public, marketbase_reader, marketbase_worker;
grant select on feature.computation_task to marketbase_reader;
grant insert (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id) on feature.computation_task to marketbase_worker;
grant update (instrument_ids, from_ts, to_ts, bars, error) on feature.computation_task to marketbase_worker;
grant delete on feature.computation_task to marketbase_worker;

-- To a look-ahead probe only the vectors of its world exist (feature.enter_world says which): those that were computed in it, to be compared.
drop policy if exists feature_vector_probe on feature.feature_vector;
create policy feature_vector_probe on feature.feature_vector as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists feature_vector_history_probe on feature.feature_vector_history;
create policy feature_vector_history_probe on feature.feature_vector_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));

alter table feature.stale_cross_section enable row level security;
drop policy if exists stale_cross_section_read on feature.stale_cross_section;
create policy stale_cross_section_read on feature.stale_cross_section for select to marketbase_reader using (true);
drop policy if exists stale_cross_section_insert on feature.stale_cross_section;
create policy stale_cross_section_insert on feature.stale_cross_section for insert to marketbase_worker with check (true);
drop policy if exists stale_cross_section_delete on feature.stale_cross_section;
create policy stale_cross_section_delete on feature.stale_cross_section for delete to marketbase_worker using (true);
revoke all on feature.stale_cross_section from public, marketbase_reader, marketbase_worker;
grant select on feature.stale_cross_section to marketbase_reader;
grant insert (feature_set_id, from_ts, to_ts, reason) on feature.stale_cross_section to marketbase_worker;
grant delete on feature.stale_cross_section to marketbase_worker;
