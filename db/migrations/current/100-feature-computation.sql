-- Functions whose arguments change.
drop function if exists feature.compute(bigint, text, bigint, timestamptz, timestamptz);
drop function if exists feature.known_bars(bigint, text, timestamptz, timestamptz);
drop function if exists feature.latest_known(timestamptz[], integer);
drop function if exists feature.plan_alias(jsonb, text, text, integer);
drop function if exists feature.kernel_versions(text[]);
drop function if exists feature.define_set(text, text, feature.definition[], text);

-- What is to be computed: taken from the marks in one transaction, done piece by piece by any number of workers, each piece in one of its own.
create table if not exists feature.computation_task (
  task_id bigint generated always as identity primary key,
  feature_set_id bigint not null references feature.feature_set,
  instrument_ids bigint[] not null,
  from_ts timestamptz[] not null,
  to_ts timestamptz[] not null,
  bars bigint[] not null,
  planned_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  error text,
  constraint computation_task_spans_check check (
    cardinality(instrument_ids) > 0 and cardinality(from_ts) = cardinality(instrument_ids) and cardinality(to_ts) = cardinality(instrument_ids) and cardinality(bars) = cardinality(instrument_ids)
  )
);
create index if not exists computation_task_feature_set_id_idx on feature.computation_task (feature_set_id);
create index if not exists computation_task_run_id_idx on feature.computation_task (run_id);
comment on table feature.computation_task is 'Spans of bars whose vectors are out of date, in pieces for the workers. A piece is gone when it is computed; one that failed stays with its error until it is planned again.';
comment on column feature.computation_task.task_id is 'Key.';
comment on column feature.computation_task.feature_set_id is 'Set to compute; the version in force counts when it is computed.';
comment on column feature.computation_task.instrument_ids is 'Instruments; one may come several times.';
comment on column feature.computation_task.from_ts is 'First bar to store of each; null: from the first.';
comment on column feature.computation_task.to_ts is 'Last bar to store of each; null: to the last.';
comment on column feature.computation_task.bars is 'Bars to store of each, for showing progress.';
comment on column feature.computation_task.planned_at is 'When it was planned.';
comment on column feature.computation_task.run_id is 'Run that planned it.';
comment on column feature.computation_task.error is 'Why it could not be computed; null while nobody tried.';

do $$
begin
  if not exists (select from pg_attribute where attrelid = 'feature.computation'::regclass and attname = 'bars') then
    alter type feature.computation add attribute bars bigint, add attribute error text;
  end if;
end
$$;
comment on column feature.computation.bars is 'Bars that were to be stored.';
comment on column feature.computation.error is 'Why it could not be computed; null where it was.';

-- Large sets need not be computed for everything from the start.
alter table feature.feature_set add column if not exists is_active boolean not null default true;
comment on column feature.feature_set.is_active is 'True where the set is computed whenever bars change; false: not at all, until feature.activate_set.';

-- What a set reads besides bars.
do $$
begin
  if not exists (select from pg_attribute where attrelid = 'feature.compiled_set'::regclass and attname = 'sources') then
    alter type feature.compiled_set add attribute sources text[];
  end if;
end
$$;
comment on column feature.compiled_set.sources is 'What it reads: bar, fundamental, calendar.';
alter table feature.feature_set_version add column if not exists sources text[] not null default '{bar}';
comment on column feature.feature_set_version.sources is 'What it reads: bar, fundamental, calendar.';

-- A filing concerns only the sets that use fundamentals.
alter table pipeline.stale_range drop constraint if exists stale_range_consumer_check;
alter table pipeline.stale_range add constraint stale_range_consumer_check
  check (consumer in ('quality', 'feature', 'fundamental_feature', 'ml', 'portfolio', 'risk'));
comment on column pipeline.stale_range.consumer is 'Who has to look again: quality, feature, fundamental_feature (sets that use fundamentals), ml, portfolio or risk.';

alter table feature.feature_set_version add column if not exists compiler_state text;
comment on column feature.feature_set_version.compiler_state is 'Mark of the functions with which it was last compiled: feature.compiler_state.';
