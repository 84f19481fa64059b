create table feature.feature_set (
  feature_set_id bigint generated always as identity primary key,
  name text not null unique,
  description text not null,
  bar_interval text not null default '1d',
  created_at timestamptz not null default now(),
  constraint feature_set_name_check check (name ~ '^[a-z][a-z0-9_]{0,47}$'),
  constraint feature_set_bar_interval_check check (bar_interval in ('1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo'))
);
comment on table feature.feature_set is 'Named lists of features.';
comment on column feature.feature_set.feature_set_id is 'Identity.';
comment on column feature.feature_set.name is 'Name, such as qlib14.';
comment on column feature.feature_set.description is 'What the set is for and where its formulas come from.';
comment on column feature.feature_set.bar_interval is 'Length of the bars from which it is computed.';
comment on column feature.feature_set.created_at is 'When it was first defined.';

create table feature.feature_set_version (
  feature_set_version_id bigint generated always as identity primary key,
  feature_set_id bigint not null references feature.feature_set,
  version text not null,
  feature_names text[] not null,
  kernels jsonb not null,
  lookback integer,
  compiled_sql text not null,
  is_current boolean not null default true,
  in_force_from timestamptz not null default now(),
  unique (feature_set_id, version),
  constraint feature_set_version_names_check check (cardinality(feature_names) > 0),
  constraint feature_set_version_lookback_check check (lookback >= 0)
);
create unique index feature_set_version_current_idx on feature.feature_set_version (feature_set_id) where is_current;
comment on table feature.feature_set_version is 'Every version of a set. The version is the hash of the expressions and of the kernels'' bodies, so that changing a kernel makes a new one.';
comment on column feature.feature_set_version.feature_set_version_id is 'Identity.';
comment on column feature.feature_set_version.feature_set_id is 'Set.';
comment on column feature.feature_set_version.version is 'First 12 hex digits of the sha256 of names, expressions and kernels.';
comment on column feature.feature_set_version.feature_names is 'Names in the order of feature_vector.values.';
comment on column feature.feature_set_version.kernels is 'Kernel signatures and the hash of each body, a JSON object.';
comment on column feature.feature_set_version.lookback is 'Earlier bars that a value depends on; null where it depends on all of them.';
comment on column feature.feature_set_version.compiled_sql is 'The query that computes the set for one instrument, as it was made from the expressions.';
comment on column feature.feature_set_version.is_current is 'True for the version that is computed and served now.';
comment on column feature.feature_set_version.in_force_from is 'When this version came into force.';

create table feature.feature_definition (
  feature_set_version_id bigint not null references feature.feature_set_version,
  name text not null,
  position integer not null,
  expression text not null,
  description text not null,
  primary key (feature_set_version_id, name),
  unique (feature_set_version_id, position),
  constraint feature_definition_name_check check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint feature_definition_position_check check (position > 0)
);
comment on table feature.feature_definition is 'The features of each version of a set: a name and a SQL expression over the columns of a bar and kernels.';
comment on column feature.feature_definition.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_definition.name is 'Name of the feature, lower case.';
comment on column feature.feature_definition.position is 'Place in feature_vector.values, from 1.';
comment on column feature.feature_definition.expression is 'SQL expression, such as ta.rsi(close, 14).';
comment on column feature.feature_definition.description is 'What it measures.';

create table feature.feature_vector (
  instrument_id bigint not null references market.instrument,
  feature_set_version_id bigint not null references feature.feature_set_version,
  ts timestamptz not null,
  values double precision[] not null,
  revision integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, feature_set_version_id, ts),
  constraint feature_vector_revision_check check (revision > 0)
);
create index feature_vector_feature_set_version_id_idx on feature.feature_vector (feature_set_version_id);
create index feature_vector_run_id_idx on feature.feature_vector (run_id);
comment on table feature.feature_vector is 'Feature values as now known: one row per bar and version of a set. A change closes the old row into feature.feature_vector_history. feature.feature_data shows one value per row.';
comment on column feature.feature_vector.instrument_id is 'Instrument.';
comment on column feature.feature_vector.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_vector.ts is 'Start of the bar, as in market.price_data.';
comment on column feature.feature_vector.values is 'Values in the order of feature_set_version.feature_names; null during warm-up.';
comment on column feature.feature_vector.revision is 'Number of this revision of the values, from 1.';
comment on column feature.feature_vector.known_from is 'From when the values could be known: the latest known_from of the bars they are made of.';
comment on column feature.feature_vector.recorded_at is 'When marketbase stored them.';
comment on column feature.feature_vector.run_id is 'Run that computed them.';

create table feature.feature_vector_history (
  instrument_id bigint not null references market.instrument,
  feature_set_version_id bigint not null references feature.feature_set_version,
  ts timestamptz not null,
  revision integer not null,
  values double precision[] not null,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, feature_set_version_id, ts, revision),
  constraint feature_vector_history_known_check check (known_to >= known_from)
);
create index feature_vector_history_feature_set_version_id_idx on feature.feature_vector_history (feature_set_version_id);
create index feature_vector_history_run_id_idx on feature.feature_vector_history (run_id);
comment on table feature.feature_vector_history is 'Closed revisions of feature values. Append-only; written by the trigger on feature.feature_vector.';
comment on column feature.feature_vector_history.instrument_id is 'Instrument.';
comment on column feature.feature_vector_history.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_vector_history.ts is 'Start of the bar.';
comment on column feature.feature_vector_history.revision is 'Number of the closed revision.';
comment on column feature.feature_vector_history.values is 'Values in the order of feature_set_version.feature_names.';
comment on column feature.feature_vector_history.known_from is 'From when the values could be known.';
comment on column feature.feature_vector_history.known_to is 'Until when they were the ones to know (excluded).';
comment on column feature.feature_vector_history.recorded_at is 'When marketbase stored them.';
comment on column feature.feature_vector_history.closed_at is 'When marketbase closed them.';
comment on column feature.feature_vector_history.run_id is 'Run that computed them.';
