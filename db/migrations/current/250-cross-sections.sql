-- Functions whose arguments or results change.
drop function if exists feature.parse_expression(text[], integer, integer);
do $$
begin
  if not exists (select from pg_attribute where attrelid = 'feature.compiled_set'::regclass and attname = 'definitions') then
    drop function if exists feature.compile_set(feature.definition[], text);
    alter type feature.compiled_set add attribute definitions feature.definition[], add attribute group_kinds text[];
  end if;
end
$$;
comment on column feature.compiled_set.definitions is 'The features, in order.';
comment on column feature.compiled_set.group_kinds is 'Kinds of groups within which it compares instruments; null for a stage over bars.';
comment on column feature.compiled_set.compiled_sql is 'The query over bars, see feature.compile_query, or over cross-sections, see feature.compile_cross_query.';
comment on type feature.compiled_set is 'What feature.compile_set makes of the definitions of a set, for one stage.';

-- Groups of instruments. An instrument has at most one group of a kind at a time, so that a kind divides a cross-section.
create table if not exists market.group_kind (
  kind text primary key,
  description text not null,
  constraint group_kind_kind_check check (kind ~ '^[a-z][a-z0-9_]{0,40}$')
);
comment on table market.group_kind is 'Kinds of groups: at any time an instrument is in at most one group of a kind. An index of which an instrument may be a member beside others is a kind of its own.';
comment on column market.group_kind.kind is 'Name, as expressions write it: cs.rank(close, sector).';
comment on column market.group_kind.description is 'What its groups are.';
insert into market.group_kind (kind, description)
values
  ('sector', 'Economic sector of the company, such as Information Technology.'),
  ('industry', 'Industry within the sector.'),
  ('universe', 'The universe to which the instrument is assigned.')
on conflict (kind) do nothing;

create table if not exists market.instrument_group (
  instrument_id bigint not null references market.instrument,
  kind text not null references market.group_kind,
  from_date date not null,
  name text,
  version integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, kind, from_date),
  constraint instrument_group_name_check check (name <> ''),
  constraint instrument_group_version_check check (version > 0)
);
create index if not exists instrument_group_kind_idx on market.instrument_group (kind, from_date);
create index if not exists instrument_group_run_id_idx on market.instrument_group (run_id);
comment on table market.instrument_group is
'Changes of membership, as now known: from a date on an instrument is in a group, or in none of its kind, until its next change. So leaving a group is known from when it was announced and says nothing about the time before. A correction closes the old version into market.instrument_group_history.';
comment on column market.instrument_group.instrument_id is 'Instrument.';
comment on column market.instrument_group.kind is 'Kind of group.';
comment on column market.instrument_group.from_date is 'First day, UTC.';
comment on column market.instrument_group.name is 'Name of the group; null: in none of this kind from then on.';
comment on column market.instrument_group.version is 'Number of the version, from 1.';
comment on column market.instrument_group.known_from is 'From when it could be known.';
comment on column market.instrument_group.recorded_at is 'When marketbase stored it.';
comment on column market.instrument_group.run_id is 'Run that made it.';

create table if not exists market.instrument_group_history (
  instrument_id bigint not null references market.instrument,
  kind text not null references market.group_kind,
  from_date date not null,
  version integer not null,
  name text,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, kind, from_date, version),
  constraint instrument_group_history_known_check check (known_to >= known_from)
);
create index if not exists instrument_group_history_kind_idx on market.instrument_group_history (kind);
create index if not exists instrument_group_history_run_id_idx on market.instrument_group_history (run_id);
comment on table market.instrument_group_history is 'Closed versions of changes of membership. Append-only; written by the trigger on market.instrument_group.';
comment on column market.instrument_group_history.instrument_id is 'Instrument.';
comment on column market.instrument_group_history.kind is 'Kind of group.';
comment on column market.instrument_group_history.from_date is 'First day, UTC.';
comment on column market.instrument_group_history.version is 'Number of the closed version.';
comment on column market.instrument_group_history.name is 'Name of the group; null: in none of this kind from then on.';
comment on column market.instrument_group_history.known_from is 'From when this version could be known.';
comment on column market.instrument_group_history.known_to is 'Until when this version was the one to know (excluded).';
comment on column market.instrument_group_history.recorded_at is 'When marketbase stored this version.';
comment on column market.instrument_group_history.closed_at is 'When marketbase closed this version.';
comment on column market.instrument_group_history.run_id is 'Run that made it.';

-- A set that compares instruments has two stages: a companion over bars, and the set itself over the companion's vectors.
alter table feature.feature_set add column if not exists companion_of bigint references feature.feature_set;
create unique index if not exists feature_set_companion_of_idx on feature.feature_set (companion_of);
comment on column feature.feature_set.companion_of is 'The set whose first stage this is; null for a set of its own.';
alter table feature.feature_set_version add column if not exists base_version_id bigint references feature.feature_set_version;
create index if not exists feature_set_version_base_version_id_idx on feature.feature_set_version (base_version_id);
comment on column feature.feature_set_version.base_version_id is 'Version of the companion from whose vectors this one is computed; null for a set that is computed from bars.';
alter table feature.feature_set_version add column if not exists group_kinds text[];
comment on column feature.feature_set_version.group_kinds is 'Kinds of groups within which it compares instruments; null for a set that is computed from bars.';
comment on column feature.feature_set_version.compiled_sql is 'The query that computes the set, as it was made from the expressions.';

-- Whatever changes a cross-section leaves a mark in the same transaction.
create table if not exists feature.stale_cross_section (
  mark_id bigint generated always as identity primary key,
  feature_set_id bigint not null references feature.feature_set,
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  reason text not null,
  marked_at timestamptz not null default now(),
  constraint stale_cross_section_order_check check (to_ts >= from_ts)
);
create index if not exists stale_cross_section_feature_set_id_idx on feature.stale_cross_section (feature_set_id);
comment on table feature.stale_cross_section is 'Spans of cross-sections that are out of date, for each set that compares instruments; spans may overlap. Triggers mark them; pipeline.plan_cross_sections takes the marks away when it plans.';
comment on column feature.stale_cross_section.mark_id is 'Key.';
comment on column feature.stale_cross_section.feature_set_id is 'Set to compute.';
comment on column feature.stale_cross_section.from_ts is 'First bar, or -infinity.';
comment on column feature.stale_cross_section.to_ts is 'Last bar, or infinity.';
comment on column feature.stale_cross_section.reason is 'What changed, in words.';
comment on column feature.stale_cross_section.marked_at is 'When it was marked.';

comment on column feature.computation_task.instrument_ids is 'Instruments; one may come several times; null: the cross-sections of all.';
comment on column feature.computation.instrument_id is 'Instrument; null for cross-sections that could not be computed.';
comment on column feature.computation.symbol is 'Its symbol; all, where cross-sections could not be computed.';
