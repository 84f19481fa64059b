-- Who may do what with runs, flows and stale ranges: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema pipeline to marketbase_reader;

alter table pipeline.flow_step enable row level security;
drop policy if exists flow_step_read on pipeline.flow_step;
create policy flow_step_read on pipeline.flow_step for select to marketbase_reader using (true);
revoke all on pipeline.flow_step from public, marketbase_reader, marketbase_worker;
grant select on pipeline.flow_step to marketbase_reader;

alter table pipeline.pipeline_run enable row level security;
drop policy if exists pipeline_run_read on pipeline.pipeline_run;
create policy pipeline_run_read on pipeline.pipeline_run for select to marketbase_reader using (true);
drop policy if exists pipeline_run_insert on pipeline.pipeline_run;
create policy pipeline_run_insert on pipeline.pipeline_run for insert to marketbase_worker with check (true);
drop policy if exists pipeline_run_update on pipeline.pipeline_run;
create policy pipeline_run_update on pipeline.pipeline_run for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.pipeline_run from public, marketbase_reader, marketbase_worker;
grant select on pipeline.pipeline_run to marketbase_reader;
grant insert (
  parent_run_id, root_run_id, flow, step, stage, status, attempt, parameters, function_name, function_version, rows_read, rows_written, summary,
  message, error_code, worker, started_at, heartbeat_at, finished_at, retry_count, lost_count, run_at
) on pipeline.pipeline_run to marketbase_worker;
grant update (
  status, attempt, function_name, function_version, rows_read, rows_written, summary, message, error_code, worker, started_at, heartbeat_at,
  finished_at, retry_count, lost_count, run_at
) on pipeline.pipeline_run to marketbase_worker;

alter table pipeline.stale_range enable row level security;
drop policy if exists stale_range_read on pipeline.stale_range;
create policy stale_range_read on pipeline.stale_range for select to marketbase_reader using (true);
drop policy if exists stale_range_insert on pipeline.stale_range;
create policy stale_range_insert on pipeline.stale_range for insert to marketbase_worker with check (true);
drop policy if exists stale_range_update on pipeline.stale_range;
create policy stale_range_update on pipeline.stale_range for update to marketbase_worker using (true) with check (true);
drop policy if exists stale_range_delete on pipeline.stale_range;
create policy stale_range_delete on pipeline.stale_range for delete to marketbase_worker using (true);
revoke all on pipeline.stale_range from public, marketbase_reader, marketbase_worker;
grant select on pipeline.stale_range to marketbase_reader;
grant insert (instrument_id, consumer, from_ts, to_ts, reason) on pipeline.stale_range to marketbase_worker;
grant update (from_ts, to_ts, reason, marked_at) on pipeline.stale_range to marketbase_worker;
grant delete on pipeline.stale_range to marketbase_worker;

alter table pipeline.backfill enable row level security;
drop policy if exists backfill_read on pipeline.backfill;
create policy backfill_read on pipeline.backfill for select to marketbase_reader using (true);
drop policy if exists backfill_insert on pipeline.backfill;
create policy backfill_insert on pipeline.backfill for insert to marketbase_worker with check (true);
revoke all on pipeline.backfill from public, marketbase_reader, marketbase_worker;
grant select on pipeline.backfill to marketbase_reader;
grant insert (
  run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active, universe, known_at
) on pipeline.backfill to marketbase_worker;

alter table pipeline.backfill_chunk enable row level security;
drop policy if exists backfill_chunk_read on pipeline.backfill_chunk;
create policy backfill_chunk_read on pipeline.backfill_chunk for select to marketbase_reader using (true);
drop policy if exists backfill_chunk_insert on pipeline.backfill_chunk;
create policy backfill_chunk_insert on pipeline.backfill_chunk for insert to marketbase_worker with check (true);
drop policy if exists backfill_chunk_update on pipeline.backfill_chunk;
create policy backfill_chunk_update on pipeline.backfill_chunk for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.backfill_chunk from public, marketbase_reader, marketbase_worker;
grant select on pipeline.backfill_chunk to marketbase_reader;
grant insert (backfill_run_id, chunk_no, subject, from_date, to_date) on pipeline.backfill_chunk to marketbase_worker;
grant update (
  state, run_id, raw_response_id, row_count, new_count, version_count, quarantined_count, error_code, message, finished_at
) on pipeline.backfill_chunk to marketbase_worker;

alter table pipeline.schedule enable row level security;
drop policy if exists schedule_read on pipeline.schedule;
create policy schedule_read on pipeline.schedule for select to marketbase_reader using (true);
drop policy if exists schedule_insert on pipeline.schedule;
create policy schedule_insert on pipeline.schedule for insert to marketbase_worker with check (true);
drop policy if exists schedule_update on pipeline.schedule;
create policy schedule_update on pipeline.schedule for update to marketbase_worker using (true) with check (true);
drop policy if exists schedule_delete on pipeline.schedule;
create policy schedule_delete on pipeline.schedule for delete to marketbase_worker using (true);
revoke all on pipeline.schedule from public, marketbase_reader, marketbase_worker;
grant select on pipeline.schedule to marketbase_reader;
grant insert (
  name, provider, dataset, symbols, universe, cron, after_close, delay, time_zone, look_back_days, next_at
) on pipeline.schedule to marketbase_worker;
grant update (is_paused, next_at, last_at, last_run_id, last_message) on pipeline.schedule to marketbase_worker;
grant delete on pipeline.schedule to marketbase_worker;

-- Addresses and what is told to whom are not for every reader.
alter table pipeline.alert_destination enable row level security;
drop policy if exists alert_destination_read on pipeline.alert_destination;
create policy alert_destination_read on pipeline.alert_destination for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists alert_destination_insert on pipeline.alert_destination;
create policy alert_destination_insert on pipeline.alert_destination for insert to marketbase_worker with check (true);
drop policy if exists alert_destination_update on pipeline.alert_destination;
create policy alert_destination_update on pipeline.alert_destination for update to marketbase_worker using (true) with check (true);
drop policy if exists alert_destination_delete on pipeline.alert_destination;
create policy alert_destination_delete on pipeline.alert_destination for delete to marketbase_worker using (true);
revoke all on pipeline.alert_destination from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.alert_destination to marketbase_auditor, marketbase_worker;
grant insert (
  name, kind, url, url_variable, secret_variable, kinds, severities, rules, is_internal, max_attempts
) on pipeline.alert_destination to marketbase_worker;
grant update (is_active) on pipeline.alert_destination to marketbase_worker;
grant delete on pipeline.alert_destination to marketbase_worker;

alter table pipeline.outbox_event enable row level security;
drop policy if exists outbox_event_read on pipeline.outbox_event;
create policy outbox_event_read on pipeline.outbox_event for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists outbox_event_insert on pipeline.outbox_event;
create policy outbox_event_insert on pipeline.outbox_event for insert to marketbase_worker with check (true);
drop policy if exists outbox_event_delete on pipeline.outbox_event;
create policy outbox_event_delete on pipeline.outbox_event for delete to marketbase_worker using (
  not exists (select from pipeline.outbox_delivery as delivery where delivery.event_id = outbox_event.event_id and delivery.delivered_at is null)
);
revoke all on pipeline.outbox_event from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.outbox_event to marketbase_auditor, marketbase_worker;
grant insert (event_id, kind, subject, severity, run_id, payload, occurred_at), delete on pipeline.outbox_event to marketbase_worker;

alter table pipeline.outbox_delivery enable row level security;
drop policy if exists outbox_delivery_read on pipeline.outbox_delivery;
create policy outbox_delivery_read on pipeline.outbox_delivery for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists outbox_delivery_insert on pipeline.outbox_delivery;
create policy outbox_delivery_insert on pipeline.outbox_delivery for insert to marketbase_worker with check (true);
drop policy if exists outbox_delivery_update on pipeline.outbox_delivery;
create policy outbox_delivery_update on pipeline.outbox_delivery for update to marketbase_worker using (true) with check (true);
drop policy if exists outbox_delivery_delete on pipeline.outbox_delivery;
create policy outbox_delivery_delete on pipeline.outbox_delivery for delete to marketbase_worker using (delivered_at is not null);
revoke all on pipeline.outbox_delivery from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.outbox_delivery to marketbase_auditor, marketbase_worker;
grant insert (event_id, destination), delete on pipeline.outbox_delivery to marketbase_worker;
grant update (attempts, next_attempt_at, claimed_until, delivered_at, dead_at, last_error) on pipeline.outbox_delivery to marketbase_worker;
