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
  message, error_code, worker, started_at, heartbeat_at, finished_at
) on pipeline.pipeline_run to marketbase_worker;
grant update (
  status, attempt, function_name, function_version, rows_read, rows_written, summary, message, error_code, worker, started_at, heartbeat_at,
  finished_at
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
