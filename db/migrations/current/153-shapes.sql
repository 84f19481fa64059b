-- What bodies look like: the fields that they have and of which types.
create table if not exists ingest.known_shape (
  sha256 text primary key,
  paths jsonb not null,
  constraint known_shape_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint known_shape_paths_check check (jsonb_typeof(paths) = 'object')
);
comment on table ingest.known_shape is 'Shapes of bodies, each once. Append-only.';
comment on column ingest.known_shape.sha256 is 'sha256 of the paths, hex.';
comment on column ingest.known_shape.paths is 'The types at each path, such as {"chart.result[].meta.currency": ["string"]}; for CSV at each column. See ingest.read_shape.';

create table if not exists ingest.body_shape (
  raw_response_id bigint primary key references ingest.raw_response,
  provider text not null references ingest.provider,
  dataset text not null,
  sha256 text not null references ingest.known_shape,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run
);
create index if not exists body_shape_provider_idx on ingest.body_shape (provider, dataset, raw_response_id);
create index if not exists body_shape_sha256_idx on ingest.body_shape (sha256);
create index if not exists body_shape_run_id_idx on ingest.body_shape (run_id);
comment on table ingest.body_shape is 'The shape of each body that was read and was no error of its provider. Append-only.';
comment on column ingest.body_shape.raw_response_id is 'The body.';
comment on column ingest.body_shape.provider is 'Its provider.';
comment on column ingest.body_shape.dataset is 'Its dataset.';
comment on column ingest.body_shape.sha256 is 'Its shape.';
comment on column ingest.body_shape.recorded_at is 'When its shape was taken.';
comment on column ingest.body_shape.run_id is 'Run that read it.';

drop type if exists ingest.shape_difference cascade;
create type ingest.shape_difference as (
  path text,
  change text,
  before jsonb,
  after jsonb,
  body_count bigint
);
comment on type ingest.shape_difference is 'A path of a body compared with the bodies before it.';
comment on column ingest.shape_difference.path is 'Path, or column.';
comment on column ingest.shape_difference.change is 'new, missing or retyped; null where it is as before.';
comment on column ingest.shape_difference.before is 'Types that were seen there before, a JSON list; null where it is new.';
comment on column ingest.shape_difference.after is 'Types in this body, a JSON list; null where it is missing.';
comment on column ingest.shape_difference.body_count is 'How many of the last bodies it was compared with.';

-- Rules may look at whole bodies too.
do $do$
declare
  v_before constant text := (
    select pg_get_expr(conbin, conrelid)
    from pg_constraint
    where conrelid = 'quality.validation_rule'::regclass and conname = 'validation_rule_dataset_check'
  );
begin
  if v_before not like '%raw_response%' then
    alter table quality.validation_rule drop constraint validation_rule_dataset_check;
    execute format('alter table quality.validation_rule add constraint validation_rule_dataset_check check (%s or dataset = %L)', v_before, 'raw_response');
  end if;
end
$do$;
