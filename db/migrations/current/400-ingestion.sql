-- Ingestion that goes on for years: the pace of each provider, backfills in pieces, schedules, and restatements that wait for a person.
create table if not exists ingest.request_pace (
  provider text primary key references ingest.provider,
  next_at timestamptz not null default '-infinity',
  blocked_until timestamptz not null default '-infinity',
  blocked_reason text,
  recent timestamptz[] not null default '{}',
  request_count bigint not null default 0,
  constraint request_pace_request_count_check check (request_count >= 0)
);
comment on table ingest.request_pace is 'When each provider may be asked next, for all processes together; written by ingest.reserve_request and ingest.pause_provider.';
comment on column ingest.request_pace.provider is 'Provider.';
comment on column ingest.request_pace.next_at is 'The first moment at which the next request may be sent, by the clock of the database.';
comment on column ingest.request_pace.blocked_until is 'Until when the provider does not want to be asked, as it said itself (Retry-After) or as its limits tell.';
comment on column ingest.request_pace.blocked_reason is 'What the provider said; null where it never did.';
comment on column ingest.request_pace.recent is 'Moments of the latest requests, at most as many as its limit allows within its time, oldest first.';
comment on column ingest.request_pace.request_count is 'Requests so far.';

alter table pipeline.pipeline_run add column if not exists retry_count integer not null default 0;
alter table pipeline.pipeline_run add column if not exists lost_count integer not null default 0;
alter table pipeline.pipeline_run add column if not exists run_at timestamptz;
comment on column pipeline.pipeline_run.retry_count is 'How often it was put off because a server or a network failed; waiting for a limit of a provider does not count.';
comment on column pipeline.pipeline_run.lost_count is 'How often the worker that had it in hand ended before it was done.';
comment on column pipeline.pipeline_run.run_at is 'When it is to be tried next, where it was put off; null otherwise.';

alter table pipeline.flow_step drop constraint if exists flow_step_task_check;
alter table pipeline.flow_step add constraint flow_step_task_check check (task in ('fetch', 'run_step', 'publish', 'backfill_chunk'));
comment on column pipeline.flow_step.task is 'The worker task that carries it out: fetch, run_step, publish or backfill_chunk.';

alter table ingest.normalisation drop constraint if exists normalisation_outcome_check;
alter table ingest.normalisation add constraint normalisation_outcome_check check (outcome in ('normalised', 'refused', 'held'));
alter table ingest.normalisation drop constraint if exists normalisation_refused_check;
alter table ingest.normalisation add constraint normalisation_refused_check check ((outcome <> 'normalised') = (error_code is not null and message is not null));
comment on column ingest.normalisation.outcome is 'normalised; refused: the body cannot be read; held: it restates more rows than are accepted without a person (ingest.held_response).';

alter table ingest.provider add column if not exists restatement_limit integer not null default 1000;
alter table ingest.provider drop constraint if exists provider_restatement_limit_check;
alter table ingest.provider add constraint provider_restatement_limit_check check (restatement_limit >= 0);
comment on column ingest.provider.restatement_limit is
'How many stored rows one body may change before a person has to accept it (marketbase ingest accept). 1000 unless set otherwise; new rows do not count.';

create table if not exists ingest.held_response (
  raw_response_id bigint primary key references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  held_at timestamptz not null default now(),
  changed_count bigint not null,
  instrument_count bigint not null,
  first_ts timestamptz,
  last_ts timestamptz,
  bar_count bigint not null,
  fact_count bigint not null,
  feature_value_count bigint not null,
  training_set_count bigint not null,
  prediction_count bigint not null,
  released_at timestamptz,
  released_by text,
  reason text,
  accept_run_id bigint references pipeline.pipeline_run,
  constraint held_response_release_check check (num_nonnulls(released_at, released_by, reason, accept_run_id) in (0, 4))
);
create index if not exists held_response_run_id_idx on ingest.held_response (run_id);
create index if not exists held_response_accept_run_id_idx on ingest.held_response (accept_run_id);
comment on table ingest.held_response is 'Bodies that would restate more rows than are accepted without a person, what that would touch, and who released them why.';
comment on column ingest.held_response.raw_response_id is 'The body.';
comment on column ingest.held_response.run_id is 'Run that read it and held it back.';
comment on column ingest.held_response.held_at is 'When it was held back.';
comment on column ingest.held_response.changed_count is 'Stored rows that it would change.';
comment on column ingest.held_response.instrument_count is 'Instruments of these rows.';
comment on column ingest.held_response.first_ts is 'First time of these rows.';
comment on column ingest.held_response.last_ts is 'Last time of these rows.';
comment on column ingest.held_response.bar_count is 'Bars among them.';
comment on column ingest.held_response.fact_count is 'Fundamental facts among them.';
comment on column ingest.held_response.feature_value_count is 'Feature values that would be computed again.';
comment on column ingest.held_response.training_set_count is 'Training sets that hold such values.';
comment on column ingest.held_response.prediction_count is 'Predictions made from such values.';
comment on column ingest.held_response.released_at is 'When a person accepted it; null while it waits.';
comment on column ingest.held_response.released_by is 'Who accepted it.';
comment on column ingest.held_response.reason is 'Why it was accepted.';
comment on column ingest.held_response.accept_run_id is 'Run that took its rows in.';

create table if not exists pipeline.backfill (
  run_id bigint primary key references pipeline.pipeline_run,
  provider text not null references ingest.provider,
  dataset text not null,
  subjects text[] not null,
  from_date date,
  to_date date,
  chunk_days integer,
  reprocess text not null,
  is_reverse boolean not null,
  max_active integer not null,
  constraint backfill_subjects_check check (cardinality(subjects) > 0),
  constraint backfill_dates_check check (from_date <= to_date),
  constraint backfill_chunk_days_check check (chunk_days > 0),
  constraint backfill_reprocess_check check (reprocess in ('none', 'failed', 'all')),
  constraint backfill_max_active_check check (max_active between 1 and 64)
);
create index if not exists backfill_provider_idx on pipeline.backfill (provider);
comment on table pipeline.backfill is 'What is to be fetched for many symbols or years, cut into pieces (pipeline.backfill_chunk). Its run is the root of the runs of its pieces.';
comment on column pipeline.backfill.run_id is 'Its run.';
comment on column pipeline.backfill.provider is 'Provider.';
comment on column pipeline.backfill.dataset is 'Data set.';
comment on column pipeline.backfill.subjects is 'Symbols.';
comment on column pipeline.backfill.from_date is 'First day; null: as far back as the provider goes.';
comment on column pipeline.backfill.to_date is 'Last day; null: until now.';
comment on column pipeline.backfill.chunk_days is 'Days of a piece; null: one piece for each symbol.';
comment on column pipeline.backfill.reprocess is 'none: only what was never tried; failed: also what failed; all: everything.';
comment on column pipeline.backfill.is_reverse is 'The newest pieces first.';
comment on column pipeline.backfill.max_active is 'Pieces in the hands of workers at once.';

create table if not exists pipeline.backfill_chunk (
  backfill_run_id bigint not null references pipeline.backfill,
  chunk_no integer not null,
  subject text not null,
  from_date date,
  to_date date,
  state text not null default 'waiting',
  run_id bigint references pipeline.pipeline_run,
  raw_response_id bigint references ingest.raw_response,
  row_count bigint not null default 0,
  new_count bigint not null default 0,
  version_count bigint not null default 0,
  quarantined_count bigint not null default 0,
  error_code text,
  message text,
  finished_at timestamptz,
  primary key (backfill_run_id, chunk_no),
  constraint backfill_chunk_state_check check (state in ('waiting', 'queued', 'done', 'failed', 'held')),
  constraint backfill_chunk_run_check check (state = 'waiting' or run_id is not null),
  constraint backfill_chunk_finished_check check ((finished_at is not null) = (state in ('done', 'failed', 'held')))
);
create index if not exists backfill_chunk_run_id_idx on pipeline.backfill_chunk (run_id);
create index if not exists backfill_chunk_raw_response_id_idx on pipeline.backfill_chunk (raw_response_id);
create index if not exists backfill_chunk_subject_idx on pipeline.backfill_chunk (subject);
comment on table pipeline.backfill_chunk is 'The pieces of a backfill: one request for one symbol and one span of days. Each is fetched, read and recorded in a run of its own.';
comment on column pipeline.backfill_chunk.backfill_run_id is 'Backfill.';
comment on column pipeline.backfill_chunk.chunk_no is 'Its place in the order of the backfill, from 1.';
comment on column pipeline.backfill_chunk.subject is 'Symbol.';
comment on column pipeline.backfill_chunk.from_date is 'First day; null: as far back as the provider goes.';
comment on column pipeline.backfill_chunk.to_date is 'Last day; null: until now.';
comment on column pipeline.backfill_chunk.state is 'waiting; queued: in the hands of the workers; done; failed: see error_code and message; held: waits for marketbase ingest accept.';
comment on column pipeline.backfill_chunk.run_id is 'Run that fetches and reads it.';
comment on column pipeline.backfill_chunk.raw_response_id is 'Body that came for it.';
comment on column pipeline.backfill_chunk.row_count is 'Rows of the body.';
comment on column pipeline.backfill_chunk.new_count is 'Rows that were not known before.';
comment on column pipeline.backfill_chunk.version_count is 'Rows that made a new version of a known one.';
comment on column pipeline.backfill_chunk.quarantined_count is 'Rows that are in quarantine.';
comment on column pipeline.backfill_chunk.error_code is 'Why it failed or is held, as a code; null otherwise.';
comment on column pipeline.backfill_chunk.message is 'Why, in words.';
comment on column pipeline.backfill_chunk.finished_at is 'When it was done, failed or held.';

create table if not exists pipeline.schedule (
  name text primary key,
  provider text not null references ingest.provider,
  dataset text not null,
  symbols text[],
  universe text,
  cron text,
  after_close text references market.exchange (mic),
  delay interval not null default '30 minutes',
  time_zone text not null default 'UTC',
  look_back_days integer not null default 7,
  is_paused boolean not null default false,
  next_at timestamptz not null,
  last_at timestamptz,
  last_run_id bigint references pipeline.pipeline_run,
  last_message text,
  created_at timestamptz not null default now(),
  created_by text not null default current_user,
  constraint schedule_name_check check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  constraint schedule_what_check check (num_nonnulls(symbols, universe) = 1),
  constraint schedule_symbols_check check (cardinality(symbols) > 0),
  constraint schedule_when_check check (num_nonnulls(cron, after_close) > 0),
  constraint schedule_look_back_check check (look_back_days between 0 and 36500),
  constraint schedule_delay_check check (delay >= interval '0' and delay <= interval '1 day')
);
create index if not exists schedule_provider_idx on pipeline.schedule (provider);
create index if not exists schedule_after_close_idx on pipeline.schedule (after_close);
create index if not exists schedule_last_run_id_idx on pipeline.schedule (last_run_id);
comment on table pipeline.schedule is 'What is fetched again and again, and when; every worker looks for what is due. What was missed while no worker ran is made up once.';
comment on column pipeline.schedule.name is 'Name, such as yahoo-sp500.';
comment on column pipeline.schedule.provider is 'Provider.';
comment on column pipeline.schedule.dataset is 'Data set.';
comment on column pipeline.schedule.symbols is 'Symbols; null where a universe is named.';
comment on column pipeline.schedule.universe is 'Universe whose members of the day are fetched; null where symbols are.';
comment on column pipeline.schedule.cron is 'Minute, hour, day of month, month, day of week in time_zone; null: once after each close.';
comment on column pipeline.schedule.after_close is 'Exchange whose session must be over; null: the calendar does not matter.';
comment on column pipeline.schedule.delay is 'How long after the close.';
comment on column pipeline.schedule.time_zone is 'Time zone of cron.';
comment on column pipeline.schedule.look_back_days is 'How many days before today are fetched along, so that late corrections are seen.';
comment on column pipeline.schedule.is_paused is 'Nothing is started while it is true.';
comment on column pipeline.schedule.next_at is 'When it is due next.';
comment on column pipeline.schedule.last_at is 'When it was started last.';
comment on column pipeline.schedule.last_run_id is 'Backfill that it started last.';
comment on column pipeline.schedule.last_message is 'Why it could not be started the last time; null when it could.';
comment on column pipeline.schedule.created_at is 'When it was made.';
comment on column pipeline.schedule.created_by is 'Who made it.';

do $$
begin
  if to_regtype('ingest.impact_estimate') is null then
    create type ingest.impact_estimate as (
      instrument_count bigint,
      first_ts timestamptz,
      last_ts timestamptz,
      bar_count bigint,
      fact_count bigint,
      feature_value_count bigint,
      training_set_count bigint,
      prediction_count bigint
    );
  end if;
  if to_regtype('pipeline.planned_chunk') is null then
    create type pipeline.planned_chunk as (
      chunk_no integer,
      subject text,
      from_date date,
      to_date date,
      before text,
      is_wanted boolean
    );
  end if;
end
$$;
comment on type ingest.impact_estimate is 'What a restatement touches.';
comment on type pipeline.planned_chunk is 'A piece of a backfill before it starts: what became of the same days before (new, done, failed or held), and whether it is fetched.';
comment on column ingest.impact_estimate.instrument_count is 'Instruments.';
comment on column ingest.impact_estimate.first_ts is 'First time of the changed rows.';
comment on column ingest.impact_estimate.last_ts is 'Last time of the changed rows.';
comment on column ingest.impact_estimate.bar_count is 'Bars whose open, high, low, close or volume changed.';
comment on column ingest.impact_estimate.fact_count is 'Restated fundamental facts.';
comment on column ingest.impact_estimate.feature_value_count is 'Feature values that depend on them.';
comment on column ingest.impact_estimate.training_set_count is 'Training sets that hold such values.';
comment on column ingest.impact_estimate.prediction_count is 'Predictions made from such values.';
comment on column pipeline.planned_chunk.chunk_no is 'Its place in the order, from 1.';
comment on column pipeline.planned_chunk.subject is 'Symbol.';
comment on column pipeline.planned_chunk.from_date is 'First day; null: as far back as the provider goes.';
comment on column pipeline.planned_chunk.to_date is 'Last day; null: until now.';
comment on column pipeline.planned_chunk.before is 'What became of the same days before: new, done, failed or held.';
comment on column pipeline.planned_chunk.is_wanted is 'It would be fetched.';
