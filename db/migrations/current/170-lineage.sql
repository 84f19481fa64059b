create table lineage.data_lineage (
  data_lineage_id bigint generated always as identity primary key,
  run_id bigint not null references pipeline.pipeline_run,
  source_relation text not null,
  source_id bigint,
  source_instrument_id bigint references market.instrument,
  source_from timestamptz,
  source_to timestamptz,
  target_relation text not null,
  target_id bigint,
  target_instrument_id bigint references market.instrument,
  target_from timestamptz,
  target_to timestamptz,
  row_count bigint not null,
  operation text not null,
  transformation text not null,
  transformation_version text,
  recorded_at timestamptz not null default now(),
  constraint data_lineage_row_count_check check (row_count > 0),
  constraint data_lineage_operation_check check (operation in ('insert', 'update', 'delete')),
  constraint data_lineage_source_check check (source_id is not null or source_instrument_id is not null),
  constraint data_lineage_target_check check (target_id is not null or target_instrument_id is not null)
);
create index data_lineage_run_id_idx on lineage.data_lineage (run_id);
create index data_lineage_target_idx on lineage.data_lineage (target_relation, target_instrument_id, target_id);
create index data_lineage_source_idx on lineage.data_lineage (source_relation, source_instrument_id, source_id);
create index data_lineage_source_instrument_id_idx on lineage.data_lineage (source_instrument_id);
create index data_lineage_target_instrument_id_idx on lineage.data_lineage (target_instrument_id);
comment on table lineage.data_lineage is 'Which rows were made from which, one edge per run, source and target. Append-only; written by triggers.';
comment on column lineage.data_lineage.data_lineage_id is 'Identity.';
comment on column lineage.data_lineage.run_id is 'Run that made the target rows.';
comment on column lineage.data_lineage.source_relation is 'Table of the source rows, such as ingest.raw_response.';
comment on column lineage.data_lineage.source_id is 'Identity of the source row, where its table has one.';
comment on column lineage.data_lineage.source_instrument_id is 'Instrument of the source rows, where they are facts.';
comment on column lineage.data_lineage.source_from is 'First time of the source rows.';
comment on column lineage.data_lineage.source_to is 'Last time of the source rows.';
comment on column lineage.data_lineage.target_relation is 'Table of the rows that were made.';
comment on column lineage.data_lineage.target_id is 'Identity of the row that was made, where its table has one.';
comment on column lineage.data_lineage.target_instrument_id is 'Instrument of the rows that were made, where they are facts.';
comment on column lineage.data_lineage.target_from is 'First time of the rows that were made.';
comment on column lineage.data_lineage.target_to is 'Last time of the rows that were made.';
comment on column lineage.data_lineage.row_count is 'How many rows were made.';
comment on column lineage.data_lineage.operation is 'insert, update or delete.';
comment on column lineage.data_lineage.transformation is 'Function that made them.';
comment on column lineage.data_lineage.transformation_version is 'Version of that function: a hash of its definition, or the version of the feature set.';
comment on column lineage.data_lineage.recorded_at is 'When it was recorded.';

create type lineage.trace_step as (
  position integer,
  depth integer,
  relation text,
  id bigint,
  symbol text,
  from_ts timestamptz,
  to_ts timestamptz,
  row_count bigint,
  version text,
  transformation text,
  run_id bigint,
  recorded_at timestamptz,
  sha256 text,
  url text
);
comment on type lineage.trace_step is 'One station on the way from a row back to what was fetched.';
comment on column lineage.trace_step.position is 'Order of reading, from 1; a station is followed by its sources.';
comment on column lineage.trace_step.depth is 'Distance from the row that is traced, which has 0.';
comment on column lineage.trace_step.relation is 'Table of the rows of this station.';
comment on column lineage.trace_step.id is 'Identity of the row, where its table has one.';
comment on column lineage.trace_step.symbol is 'Instrument, where the rows are facts.';
comment on column lineage.trace_step.from_ts is 'First time of the rows.';
comment on column lineage.trace_step.to_ts is 'Last time of the rows.';
comment on column lineage.trace_step.row_count is 'How many rows of the station were used.';
comment on column lineage.trace_step.version is 'Version of the rows: of the feature set, the model''s code or the normaliser.';
comment on column lineage.trace_step.transformation is 'Function that made the rows.';
comment on column lineage.trace_step.run_id is 'Run that made the rows.';
comment on column lineage.trace_step.recorded_at is 'When the last of them was stored.';
comment on column lineage.trace_step.sha256 is 'sha256 of the body for a station in ingest.raw_response, of the training rows for one in ml.training_set.';
comment on column lineage.trace_step.url is 'Address of the body.';

create type lineage.node as (
  relation text,
  id bigint,
  instrument_id bigint,
  feature_set_version_id bigint,
  raw_response_id bigint,
  from_ts timestamptz,
  to_ts timestamptz,
  row_count bigint,
  version text,
  transformation text,
  run_id bigint,
  recorded_at timestamptz,
  sha256 text,
  url text
);
comment on type lineage.node is 'Rows of one table as the functions lineage.sources_* hand them on: enough to find what they were made from. lineage.trace_step is the form for readers.';
comment on column lineage.node.relation is 'Table.';
comment on column lineage.node.id is 'Identity of the row, where its table has one.';
comment on column lineage.node.instrument_id is 'Instrument, where the rows are facts.';
comment on column lineage.node.feature_set_version_id is 'Version of the feature set, for feature vectors.';
comment on column lineage.node.raw_response_id is 'Body from which the rows were read, for rows of the market.';
comment on column lineage.node.from_ts is 'First time of the rows.';
comment on column lineage.node.to_ts is 'Last time of the rows.';
comment on column lineage.node.row_count is 'How many rows.';
comment on column lineage.node.version is 'Version of the rows, in words.';
comment on column lineage.node.transformation is 'Function that made the rows.';
comment on column lineage.node.run_id is 'Run that made the rows.';
comment on column lineage.node.recorded_at is 'When the last of them was stored; sources are taken as they were stored then.';
comment on column lineage.node.sha256 is 'sha256 of the body or of the training rows.';
comment on column lineage.node.url is 'Address of the body.';
