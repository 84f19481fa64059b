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
  in_force_to timestamptz,
  unique (feature_set_id, version, in_force_from),
  constraint feature_set_version_in_force_check check (in_force_to >= in_force_from and not (is_current and in_force_to is not null)),
  constraint feature_set_version_names_check check (cardinality(feature_names) > 0),
  constraint feature_set_version_lookback_check check (lookback >= 0)
);
create unique index feature_set_version_current_idx on feature.feature_set_version (feature_set_id) where is_current;
comment on table feature.feature_set_version is 'Every version of a set. The version is the hash of the expressions and of the kernels'' bodies, so that changing a kernel makes a new one. A version that comes back after another one gets a row of its own.';
comment on column feature.feature_set_version.feature_set_version_id is 'Identity.';
comment on column feature.feature_set_version.feature_set_id is 'Set.';
comment on column feature.feature_set_version.version is 'First 12 hex digits of the sha256 of names, expressions and kernels.';
comment on column feature.feature_set_version.feature_names is 'Names in the order of feature_vector.values.';
comment on column feature.feature_set_version.kernels is 'Kernel signatures and the hash of each body, a JSON object.';
comment on column feature.feature_set_version.lookback is 'Earlier bars that a value depends on; null where it depends on all of them.';
comment on column feature.feature_set_version.compiled_sql is 'The query that computes the set for one instrument, as it was made from the expressions.';
comment on column feature.feature_set_version.is_current is 'True for the version that is computed and served now.';
comment on column feature.feature_set_version.in_force_from is 'When this version came into force.';
comment on column feature.feature_set_version.in_force_to is 'When another version took its place (excluded); null for the current one.';

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

-- The references of vectors are declared and not enforced: three look-ups for each row cost more than computing it. feature.compute,
-- which alone writes them, checks the instrument, the version and the run once. Rows of a run and of a version lie together, so block
-- ranges find them.
create table feature.feature_vector (
  instrument_id bigint not null references market.instrument not enforced,
  feature_set_version_id bigint not null references feature.feature_set_version not enforced,
  ts timestamptz not null,
  values double precision[] not null,
  revision integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run not enforced,
  primary key (instrument_id, feature_set_version_id, ts),
  constraint feature_vector_revision_check check (revision > 0)
);
create index feature_vector_feature_set_version_id_idx on feature.feature_vector using brin (feature_set_version_id) with (autosummarize = on);
create index feature_vector_run_id_idx on feature.feature_vector using brin (run_id) with (autosummarize = on);
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
  instrument_id bigint not null references market.instrument not enforced,
  feature_set_version_id bigint not null references feature.feature_set_version not enforced,
  ts timestamptz not null,
  revision integer not null,
  values double precision[] not null,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run not enforced,
  primary key (instrument_id, feature_set_version_id, ts, revision),
  constraint feature_vector_history_known_check check (known_to >= known_from)
);
create index feature_vector_history_feature_set_version_id_idx on feature.feature_vector_history using brin (feature_set_version_id) with (autosummarize = on);
create index feature_vector_history_run_id_idx on feature.feature_vector_history using brin (run_id) with (autosummarize = on);
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

create type feature.definition as (
  name text,
  expression text,
  description text
);
comment on type feature.definition is 'A feature as it is given to feature.define_set.';
comment on column feature.definition.name is 'Name, lower case: letters, digits and underscores.';
comment on column feature.definition.expression is 'SQL expression over open, high, low, close, volume and kernels, such as ta.rsi(close, 14).';
comment on column feature.definition.description is 'What it measures, in a sentence.';

create type feature.compiled_set as (
  version text,
  feature_names text[],
  kernels jsonb,
  lookback integer,
  compiled_sql text
);
comment on type feature.compiled_set is 'What feature.compile_set makes of the definitions of a set.';
comment on column feature.compiled_set.version is 'First 12 hex digits of the sha256 of names, expressions and kernels.';
comment on column feature.compiled_set.feature_names is 'Names in the order of the values.';
comment on column feature.compiled_set.kernels is 'Signatures of the kernels and their helpers with the hash of each body, a JSON object.';
comment on column feature.compiled_set.lookback is 'Earlier bars that a value depends on; null where it depends on all of them.';
comment on column feature.compiled_set.compiled_sql is 'The query for one instrument: $1 instrument_id, $2 and $3 the first and last bar to read, null for no limit.';

create type feature.computation as (
  feature_set text,
  version text,
  instrument_id bigint,
  symbol text,
  from_ts timestamptz,
  to_ts timestamptz,
  rows_changed bigint
);
comment on type feature.computation is 'What feature.compute_stale did for one set and instrument.';
comment on column feature.computation.feature_set is 'Name of the set.';
comment on column feature.computation.version is 'Its version.';
comment on column feature.computation.instrument_id is 'Instrument.';
comment on column feature.computation.symbol is 'Its symbol.';
comment on column feature.computation.from_ts is 'First bar that was looked at; null for all from the first.';
comment on column feature.computation.to_ts is 'Last bar that was looked at; null for all to the last.';
comment on column feature.computation.rows_changed is 'Vectors that were added, replaced or removed; 0 where everything was there already.';

create type feature.known_vector as (
  instrument_id bigint,
  symbol text,
  decision_time timestamptz,
  feature_set text,
  version text,
  ts timestamptz,
  feature_names text[],
  values double precision[],
  revision integer,
  known_from timestamptz
);
comment on type feature.known_vector is 'A feature vector with its names, as known at a moment.';
comment on column feature.known_vector.instrument_id is 'Instrument.';
comment on column feature.known_vector.symbol is 'Its symbol.';
comment on column feature.known_vector.decision_time is 'The moment that was asked for.';
comment on column feature.known_vector.feature_set is 'Name of the set.';
comment on column feature.known_vector.version is 'Version of the set.';
comment on column feature.known_vector.ts is 'Start of the bar; null where no vector was known.';
comment on column feature.known_vector.feature_names is 'Names in the order of the values.';
comment on column feature.known_vector.values is 'Values; null during warm-up.';
comment on column feature.known_vector.revision is 'Revision of the values that was known at that moment.';
comment on column feature.known_vector.known_from is 'From when it could be known.';

create type feature.version_difference as (
  feature_name text,
  bars bigint,
  differing bigint,
  first_ts timestamptz,
  largest_absolute double precision,
  largest_relative double precision
);
comment on type feature.version_difference is 'How far the values of a feature differ between two versions of its set.';
comment on column feature.version_difference.feature_name is 'Name of the feature.';
comment on column feature.version_difference.bars is 'Bars that both versions have values for, over all instruments.';
comment on column feature.version_difference.differing is 'Bars whose values differ, among them those where one is null.';
comment on column feature.version_difference.first_ts is 'First bar that differs; null where none does.';
comment on column feature.version_difference.largest_absolute is 'Largest absolute difference.';
comment on column feature.version_difference.largest_relative is 'Largest difference relative to the value of the first version.';
