-- Gates: what a failed rule holds back, and releases.
create table if not exists quality.gate (
  step text not null,
  in_force_from timestamptz not null default clock_timestamp(),
  datasets text[] not null,
  severities text[] not null,
  rules text[] not null default '{}',
  description text not null,
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  primary key (step, in_force_from),
  constraint gate_step_check check (step in ('features', 'train', 'predict')),
  constraint gate_severities_check check (severities <@ array['critical', 'error', 'warning', 'info'])
);
comment on table quality.gate is E'@behavior -*\nWhich findings hold a step back, in all versions; quality.gate_in_force has those that count. Append-only: the newest row of a step counts.';
comment on column quality.gate.step is 'Step: features, train or predict.';
comment on column quality.gate.in_force_from is 'From when.';
comment on column quality.gate.datasets is 'Stored data on which the step depends.';
comment on column quality.gate.severities is 'Severities of rules whose findings in these datasets hold the step back.';
comment on column quality.gate.rules is 'Rules that do so whatever their dataset and severity, also those on bodies.';
comment on column quality.gate.description is 'Why, in words.';
comment on column quality.gate.recorded_by is 'Database role that set it.';

create table if not exists quality.gate_release (
  gate_release_id bigint generated always as identity primary key,
  step text,
  dataset text,
  instrument_id bigint references market.instrument,
  decided_by text not null,
  reason text not null,
  until timestamptz,
  finding_count bigint not null,
  recorded_at timestamptz not null default clock_timestamp(),
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  constraint gate_release_named_check check (num_nonnulls(step, dataset, instrument_id) > 0),
  constraint gate_release_decided_check check (decided_by ~ '\S' and reason ~ '\S'),
  constraint gate_release_until_check check (until > recorded_at)
);
create index if not exists gate_release_instrument_id_idx on quality.gate_release (instrument_id);
comment on table quality.gate_release is 'Findings that hold a step back no longer, because a person said so: those that were open then. What is found later holds it back again. Append-only.';
comment on column quality.gate_release.gate_release_id is 'Identity.';
comment on column quality.gate_release.step is 'Step that is released; null for all.';
comment on column quality.gate_release.dataset is 'Only findings in this dataset; null for all.';
comment on column quality.gate_release.instrument_id is 'Only this instrument; null for all.';
comment on column quality.gate_release.decided_by is 'Person who released it.';
comment on column quality.gate_release.reason is 'Why.';
comment on column quality.gate_release.until is 'Until when; null for good.';
comment on column quality.gate_release.finding_count is 'How many findings held back then.';
comment on column quality.gate_release.recorded_at is 'When.';
comment on column quality.gate_release.recorded_by is 'Database role that recorded it.';

-- A run that a gate held back did not fail.
alter table pipeline.pipeline_run drop constraint if exists pipeline_run_status_check;
alter table pipeline.pipeline_run add constraint pipeline_run_status_check
  check (status in ('queued', 'running', 'succeeded', 'failed', 'skipped', 'blocked'));
alter table pipeline.pipeline_run drop constraint if exists pipeline_run_finished_check;
alter table pipeline.pipeline_run add constraint pipeline_run_finished_check
  check ((finished_at is not null) = (status in ('succeeded', 'failed', 'skipped', 'blocked')));
alter table pipeline.pipeline_run drop constraint if exists pipeline_run_blocked_has_reason_check;
alter table pipeline.pipeline_run add constraint pipeline_run_blocked_has_reason_check check (status <> 'blocked' or message is not null);
comment on column pipeline.pipeline_run.status is 'queued, running, succeeded, failed, skipped (a step before it failed) or blocked (findings held all of it back, see quality.held_back).';

-- Arguments have come to these; what has an atomic body over them is made again with them.
drop function if exists pipeline.step_train(bigint);
drop function if exists pipeline.take_stale(text);
drop function if exists ml.predict(bigint, text, timestamptz);
