-- Runs come first: every derived row names the run that made it.
create table pipeline.flow_step (
  flow text not null,
  step text not null,
  stage integer not null,
  task text not null,
  parameters jsonb not null default '{}',
  description text not null,
  primary key (flow, step),
  constraint flow_step_stage_check check (stage > 0),
  constraint flow_step_task_check check (task in ('fetch', 'run_step', 'publish')),
  constraint flow_step_parameters_check check (jsonb_typeof(parameters) = 'object')
);
comment on table pipeline.flow_step is 'What a flow consists of: its steps and their order. Steps of one stage may run side by side; a stage starts when the one before it has succeeded.';
comment on column pipeline.flow_step.flow is 'Name of the flow, such as demo.';
comment on column pipeline.flow_step.step is 'Name of the step, unique within its flow; for task run_step the name of the function pipeline.step_<step>.';
comment on column pipeline.flow_step.stage is 'Position, from 1; equal numbers may run at the same time.';
comment on column pipeline.flow_step.task is 'The worker task that carries it out: fetch, run_step or publish.';
comment on column pipeline.flow_step.parameters is 'Parameters of the step, a JSON object.';
comment on column pipeline.flow_step.description is 'What the step does, in a sentence, as progress shows it.';

create table pipeline.pipeline_run (
  run_id bigint generated always as identity primary key,
  parent_run_id bigint references pipeline.pipeline_run,
  root_run_id bigint references pipeline.pipeline_run,
  flow text not null,
  step text not null,
  stage integer not null default 0,
  status text not null default 'queued',
  attempt integer not null default 0,
  parameters jsonb not null default '{}',
  actor text not null default current_user,
  worker text,
  function_name text,
  function_version text,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  summary jsonb not null default '{}',
  message text,
  error_code text,
  queued_at timestamptz not null default now(),
  started_at timestamptz,
  heartbeat_at timestamptz,
  finished_at timestamptz,
  constraint pipeline_run_status_check check (status in ('queued', 'running', 'succeeded', 'failed', 'skipped')),
  constraint pipeline_run_attempt_check check (attempt >= 0),
  constraint pipeline_run_rows_check check (rows_read >= 0 and rows_written >= 0),
  constraint pipeline_run_parameters_check check (jsonb_typeof(parameters) = 'object'),
  constraint pipeline_run_summary_check check (jsonb_typeof(summary) = 'object'),
  constraint pipeline_run_finished_check check ((finished_at is not null) = (status in ('succeeded', 'failed', 'skipped'))),
  constraint pipeline_run_failed_has_code_check check (status <> 'failed' or (error_code is not null and message is not null)),
  constraint pipeline_run_order_check check (finished_at is null or started_at is null or finished_at >= started_at)
);
create index pipeline_run_parent_run_id_idx on pipeline.pipeline_run (parent_run_id);
create index pipeline_run_root_run_id_idx on pipeline.pipeline_run (root_run_id);
create index pipeline_run_unfinished_idx on pipeline.pipeline_run (status) where status in ('queued', 'running');
comment on table pipeline.pipeline_run is 'The tree of runs: a flow is a root, its steps are children. Every row that a step makes carries the run_id of that step.';
comment on column pipeline.pipeline_run.run_id is 'Identity of the run.';
comment on column pipeline.pipeline_run.parent_run_id is 'The run that started this one; null for a root.';
comment on column pipeline.pipeline_run.root_run_id is 'The root of the tree; null for a root itself.';
comment on column pipeline.pipeline_run.flow is 'Flow to which the run belongs.';
comment on column pipeline.pipeline_run.step is 'Step of the flow; for a root the name of the flow.';
comment on column pipeline.pipeline_run.stage is 'Stage of the step within its flow; 0 for a root.';
comment on column pipeline.pipeline_run.status is 'queued, running, succeeded, failed or skipped.';
comment on column pipeline.pipeline_run.attempt is 'How often the run was started; writes of an older attempt are refused.';
comment on column pipeline.pipeline_run.parameters is 'Parameters with which it ran, a JSON object.';
comment on column pipeline.pipeline_run.actor is 'Database role that asked for the run.';
comment on column pipeline.pipeline_run.worker is 'Process that carries it out, as its connections name it; a run whose process is gone is taken up again.';
comment on column pipeline.pipeline_run.function_name is 'Function that did the work, or the provider for a fetch.';
comment on column pipeline.pipeline_run.function_version is 'First 12 hex digits of the sha256 of the function''s definition when it ran.';
comment on column pipeline.pipeline_run.rows_read is 'Rows that the step looked at.';
comment on column pipeline.pipeline_run.rows_written is 'Rows that the step added or replaced; 0 when everything was there already.';
comment on column pipeline.pipeline_run.summary is 'Figures of the step, a JSON object, such as {"versions": 1, "instruments": 2}.';
comment on column pipeline.pipeline_run.message is 'What happened, in a sentence; for a failure also what to do.';
comment on column pipeline.pipeline_run.error_code is 'SQLSTATE of a failure; null otherwise.';
comment on column pipeline.pipeline_run.queued_at is 'When the run was asked for.';
comment on column pipeline.pipeline_run.started_at is 'When the last attempt began.';
comment on column pipeline.pipeline_run.heartbeat_at is 'Last sign of life of a running step, by the database''s clock.';
comment on column pipeline.pipeline_run.finished_at is 'When it ended.';

create type pipeline.step_outcome as (
  rows_read bigint,
  rows_written bigint,
  summary jsonb,
  message text
);
comment on type pipeline.step_outcome is 'What a step says when it is done.';
comment on column pipeline.step_outcome.rows_read is 'Rows that it looked at.';
comment on column pipeline.step_outcome.rows_written is 'Rows that it added or replaced.';
comment on column pipeline.step_outcome.summary is 'Figures, a JSON object.';
comment on column pipeline.step_outcome.message is 'What happened, in a sentence.';
