-- What Redis holds: which vectors changed, which of them are published, and what was found there when last looked at.
create table if not exists feature.online_vector (
  instrument_id bigint not null references market.instrument,
  feature_set_version_id bigint not null references feature.feature_set_version,
  generation bigint not null,
  changed_at timestamptz not null default now(),
  published_generation bigint,
  published_at timestamptz,
  primary key (instrument_id, feature_set_version_id)
);
create index if not exists online_vector_feature_set_version_id_idx on feature.online_vector (feature_set_version_id);
comment on table feature.online_vector is 'For each instrument and version of a set with vectors: the generation of its vectors, and the generation that was last published to Redis. A value in Redis is served only while it carries the current generation.';
comment on column feature.online_vector.instrument_id is 'Instrument.';
comment on column feature.online_vector.feature_set_version_id is 'Version of the set.';
comment on column feature.online_vector.generation is 'Renewed by every change of a vector, in the transaction of the change: the clock of the database in microseconds since 1970. Only equality means anything.';
comment on column feature.online_vector.changed_at is 'When a vector last changed.';
comment on column feature.online_vector.published_generation is 'Generation that was last written to Redis; null where none was. Different from generation: to be published.';
comment on column feature.online_vector.published_at is 'When it was written to Redis.';

create table if not exists feature.online_reading (
  instrument_id bigint not null references market.instrument,
  feature_set_version_id bigint not null references feature.feature_set_version,
  generation bigint,
  ts timestamptz,
  known_from timestamptz,
  revision integer,
  values double precision[],
  read_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, feature_set_version_id)
);
create index if not exists online_reading_feature_set_version_id_idx on feature.online_reading (feature_set_version_id);
create index if not exists online_reading_run_id_idx on feature.online_reading (run_id);
comment on table feature.online_reading is 'What the last audit read in Redis: one row per sampled instrument and version of a set. Replaced by the next audit; quality.rule_online_equals_offline judges it.';
comment on column feature.online_reading.instrument_id is 'Instrument.';
comment on column feature.online_reading.feature_set_version_id is 'Version of the set.';
comment on column feature.online_reading.generation is 'Generation that the value carries; null where it cannot be read.';
comment on column feature.online_reading.ts is 'Start of the bar in the value; null where it cannot be read.';
comment on column feature.online_reading.known_from is 'From when the value says that it could be known; null where it cannot be read.';
comment on column feature.online_reading.revision is 'Revision in the value; null where it cannot be read.';
comment on column feature.online_reading.values is 'The values; null where what lies under the key cannot be read.';
comment on column feature.online_reading.read_at is 'When it was read.';
comment on column feature.online_reading.run_id is 'Run that read it.';

alter table quality.validation_rule drop constraint if exists validation_rule_dataset_check;
alter table quality.validation_rule add constraint validation_rule_dataset_check check (
  dataset in ('candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector')
);
