-- Results and findings by month, the life of findings, gates, releases from quarantine and the shapes of bodies.

-- 1. Partitions. What depends on the two tables is made again by the files of sql-functions; 950-memory.sql includes those that have not changed.
do $do$
begin
  if (select relkind from pg_class where oid = 'quality.validation_result'::regclass) = 'r' then
    alter table quality.validation_result rename to validation_result_before;
    alter table quality.validation_finding rename to validation_finding_before;

    create table quality.validation_result (
      like quality.validation_result_before including defaults including constraints including comments including identity
    ) partition by range (recorded_at);
    create table quality.validation_finding (
      like quality.validation_finding_before including defaults including constraints including comments including identity
    ) partition by range (recorded_at);
    create table quality.validation_result_default partition of quality.validation_result default;
    create table quality.validation_finding_default partition of quality.validation_finding default;
  end if;
end
$do$;
alter table quality.validation_result add column if not exists as_of timestamptz not null default now();
comment on table quality.validation_result is E'@unique validation_result_id\nWhat each rule said each time, passes and failures, by month. Append-only.';
comment on column quality.validation_result.as_of is 'Moment as of which the data was judged: everything that was stored by then.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule, all of them; quality.validation_finding keeps the first max_findings of the rule (1000 unless its parameters say otherwise).';
comment on table quality.validation_finding is E'@unique validation_finding_id\nThe rows that failed, with what was seen and what was expected, by month: the first of each result, up to max_findings of its rule; failed_count of the result counts all. quality.finding follows a finding from look to look. Append-only.';

-- 2. The life of findings.
create table if not exists quality.tracked_finding (
  finding_id bigint generated always as identity primary key,
  identity bytea not null unique,
  rule text not null,
  scope text not null,
  dataset text not null,
  instrument_id bigint references market.instrument,
  feature_set_version_id bigint references feature.feature_set_version,
  provider text references ingest.provider,
  subject text,
  ts timestamptz,
  key jsonb not null,
  recorded_at timestamptz not null,
  run_id bigint not null references pipeline.pipeline_run,
  constraint tracked_finding_key_check check (jsonb_typeof(key) = 'object')
);
create index if not exists tracked_finding_scope_idx on quality.tracked_finding (rule, scope);
create index if not exists tracked_finding_instrument_id_idx on quality.tracked_finding (instrument_id);
create index if not exists tracked_finding_feature_set_version_id_idx on quality.tracked_finding (feature_set_version_id);
create index if not exists tracked_finding_provider_idx on quality.tracked_finding (provider, subject);
create index if not exists tracked_finding_run_id_idx on quality.tracked_finding (run_id);
comment on table quality.tracked_finding is E'@behavior -*\nWhat is followed from look to look: a rule, and the place where it found something. quality.finding shows it with its state. Append-only.';
comment on column quality.tracked_finding.finding_id is 'Identity.';
comment on column quality.tracked_finding.identity is 'sha256 over what makes it the same finding when it is seen again; see quality.finding_identity.';
comment on column quality.tracked_finding.rule is 'Rule, in whatever version.';
comment on column quality.tracked_finding.scope is 'What one look covers: ''instrument 7'', ''set 3'' (a version), ''dataset market.trade'' or ''body yahoo bars AAPL''. A later look of the same scope decides whether the finding stands.';
comment on column quality.tracked_finding.dataset is 'What the rule looks at.';
comment on column quality.tracked_finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.tracked_finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.tracked_finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.tracked_finding.subject is 'Subject of that body, such as a symbol; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.tracked_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.tracked_finding.key is 'Key of the row, a JSON object.';
comment on column quality.tracked_finding.recorded_at is 'When it was seen first.';
comment on column quality.tracked_finding.run_id is 'Run that saw it first.';

create table if not exists quality.finding_sighting (
  finding_id bigint not null references quality.tracked_finding,
  recorded_at timestamptz not null,
  validation_finding_id bigint not null,
  primary key (finding_id, recorded_at, validation_finding_id)
) partition by range (recorded_at);
create table if not exists quality.finding_sighting_default partition of quality.finding_sighting default;
comment on table quality.finding_sighting is E'@foreignKey (validation_finding_id, recorded_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName findingSightings\nEach time that a look saw a finding, by month. Append-only.';
comment on column quality.finding_sighting.finding_id is 'The finding.';
comment on column quality.finding_sighting.recorded_at is 'When it was seen.';
comment on column quality.finding_sighting.validation_finding_id is 'What was seen, in quality.validation_finding.';

create table if not exists quality.finding_event (
  finding_event_id bigint generated always as identity primary key,
  finding_id bigint not null references quality.tracked_finding,
  event text not null,
  recorded_at timestamptz not null default now(),
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  validation_result_id bigint,
  run_id bigint references pipeline.pipeline_run,
  decided_by text,
  reason text,
  until timestamptz,
  constraint finding_event_event_check check (event in ('opened', 'acknowledged', 'reopened', 'resolved')),
  constraint finding_event_decided_check check ((decided_by is null) = (reason is null) and decided_by ~ '\S' and reason ~ '\S'),
  constraint finding_event_cause_check check ((validation_result_id is null) = (decided_by is not null) and (validation_result_id is null) = (run_id is null)),
  constraint finding_event_acknowledged_check check (case event when 'acknowledged' then decided_by is not null when 'opened' then decided_by is null else true end),
  constraint finding_event_until_check check (until is null or (event = 'acknowledged' and until > recorded_at))
);
create index if not exists finding_event_finding_id_idx on quality.finding_event (finding_id, finding_event_id desc);
create index if not exists finding_event_run_id_idx on quality.finding_event (run_id);
comment on table quality.finding_event is 'The life of findings: opened by a look, acknowledged by a person, resolved by a look that found the row right, reopened by a look or a person. The last event is the state. Append-only.';
comment on column quality.finding_event.finding_event_id is 'Identity; of one finding the greater one is the later.';
comment on column quality.finding_event.finding_id is 'The finding.';
comment on column quality.finding_event.event is 'opened, acknowledged, reopened or resolved.';
comment on column quality.finding_event.recorded_at is 'When.';
comment on column quality.finding_event.recorded_by is 'Database role that recorded it.';
comment on column quality.finding_event.validation_result_id is 'The look that opened, resolved or reopened it; null for what a person decided.';
comment on column quality.finding_event.run_id is 'Run of that look.';
comment on column quality.finding_event.decided_by is 'Person who decided; null for what a look found.';
comment on column quality.finding_event.reason is 'Why.';
comment on column quality.finding_event.until is 'Until when it is acknowledged; null for good.';

drop view if exists quality.finding cascade;
drop type if exists quality.finding_state cascade;
create type quality.finding_state as (
  finding_id bigint,
  state text,
  since timestamptz,
  decided_by text,
  reason text,
  until timestamptz,
  validation_result_id bigint,
  run_id bigint
);
comment on type quality.finding_state is 'The state of a finding and what brought it there.';
comment on column quality.finding_state.finding_id is 'The finding.';
comment on column quality.finding_state.state is 'open, acknowledged, reopened or resolved.';
comment on column quality.finding_state.since is 'Since when.';
comment on column quality.finding_state.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.finding_state.reason is 'Why that person did.';
comment on column quality.finding_state.until is 'Until when it is acknowledged; null for good.';
comment on column quality.finding_state.validation_result_id is 'The look that opened, reopened or resolved it.';
comment on column quality.finding_state.run_id is 'Run of that look.';

drop type if exists quality.followed_finding cascade;
create type quality.followed_finding as (
  finding_id bigint,
  state text,
  since timestamptz,
  rule text,
  rule_version text,
  severity text,
  dataset text,
  instrument_id bigint,
  symbol text,
  provider text,
  subject text,
  feature_set_version_id bigint,
  ts timestamptz,
  key jsonb,
  observed jsonb,
  expected text,
  message text,
  first_seen_at timestamptz,
  last_seen_at timestamptz,
  decided_by text,
  reason text,
  until timestamptz,
  state_run_id bigint,
  validation_finding_id bigint,
  is_in_force boolean
);
comment on type quality.followed_finding is 'A finding with its state, as it was seen last.';
comment on column quality.followed_finding.finding_id is 'Identity.';
comment on column quality.followed_finding.state is 'open, acknowledged, reopened or resolved.';
comment on column quality.followed_finding.since is 'Since when it is in this state.';
comment on column quality.followed_finding.rule is 'Rule.';
comment on column quality.followed_finding.rule_version is 'Version of the rule that saw it last.';
comment on column quality.followed_finding.severity is 'Severity of that version: critical, error, warning or info.';
comment on column quality.followed_finding.dataset is 'What the rule looks at.';
comment on column quality.followed_finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.followed_finding.symbol is 'Its symbol.';
comment on column quality.followed_finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.followed_finding.subject is 'Subject of that body; null for what is stored.';
comment on column quality.followed_finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.followed_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.followed_finding.key is 'Key of the row, a JSON object.';
comment on column quality.followed_finding.observed is 'Values that were seen last, a JSON object.';
comment on column quality.followed_finding.expected is 'What the rule expects, in words.';
comment on column quality.followed_finding.message is 'What is wrong, in a sentence.';
comment on column quality.followed_finding.first_seen_at is 'When it was seen first.';
comment on column quality.followed_finding.last_seen_at is 'When it was seen last.';
comment on column quality.followed_finding.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.followed_finding.reason is 'Why that person did.';
comment on column quality.followed_finding.until is 'Until when it is acknowledged; null for good.';
comment on column quality.followed_finding.state_run_id is 'Run whose look opened, reopened or resolved it; null where a person decided.';
comment on column quality.followed_finding.validation_finding_id is 'What was seen last, in quality.validation_finding.';
comment on column quality.followed_finding.is_in_force is 'True while the rule is in force.';

drop type if exists quality.look cascade;
create type quality.look as (
  validation_result_id bigint,
  recorded_at timestamptz,
  rule text,
  scope text,
  dataset text,
  feature_set_version_id bigint,
  provider text,
  subject text,
  from_ts timestamptz,
  to_ts timestamptz,
  run_id bigint,
  is_complete boolean
);
comment on type quality.look is 'A result, as far as it decides about findings.';
comment on column quality.look.validation_result_id is 'The result.';
comment on column quality.look.recorded_at is 'When it was stored.';
comment on column quality.look.rule is 'Rule.';
comment on column quality.look.scope is 'What it covers, as in quality.tracked_finding.';
comment on column quality.look.dataset is 'What the rule looks at.';
comment on column quality.look.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.look.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.look.subject is 'Subject of that body; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.look.from_ts is 'First time that was looked at.';
comment on column quality.look.to_ts is 'Last time of a body; null for what is stored, where a look reaches to the end.';
comment on column quality.look.run_id is 'Run.';
comment on column quality.look.is_complete is 'True where every row that failed was kept as a finding.';

drop type if exists quality.seen_finding cascade;
create type quality.seen_finding as (
  validation_result_id bigint,
  recorded_at timestamptz,
  run_id bigint,
  validation_finding_id bigint,
  identity bytea,
  finding_id bigint
);
comment on type quality.seen_finding is 'A finding of a look, and which it is.';
comment on column quality.seen_finding.validation_result_id is 'The look.';
comment on column quality.seen_finding.recorded_at is 'When it was stored.';
comment on column quality.seen_finding.run_id is 'Run.';
comment on column quality.seen_finding.validation_finding_id is 'What was seen.';
comment on column quality.seen_finding.identity is 'What makes it the same finding when it is seen again.';
comment on column quality.seen_finding.finding_id is 'The finding.';

-- 3. The rows of before, into the months in which they were recorded; then the keys.
--! include quality/partitions/make_partitions.sql
do $do$
declare
  v_result_columns text;
  v_finding_columns text;
begin
  if to_regclass('quality.validation_result_before') is not null then
    perform quality.make_partitions((select greatest(coalesce(min(recorded_at)::date, current_date), date '2000-01-01') from quality.validation_result_before));
    select string_agg(quote_ident(attname), ', ' order by attnum) into v_result_columns
    from pg_attribute where attrelid = 'quality.validation_result_before'::regclass and attnum > 0 and not attisdropped;
    select string_agg(quote_ident(attname), ', ' order by attnum) into v_finding_columns
    from pg_attribute where attrelid = 'quality.validation_finding_before'::regclass and attnum > 0 and not attisdropped and attname <> 'recorded_at';
    execute format(
      'insert into quality.validation_result (%1$s, as_of) overriding system value select %1$s, recorded_at from quality.validation_result_before order by validation_result_id',
      v_result_columns);
    execute format(
      'insert into quality.validation_finding (%s, recorded_at) overriding system value select %s, result.recorded_at from quality.validation_finding_before as finding
       join quality.validation_result_before as result using (validation_result_id) order by validation_finding_id',
      v_finding_columns, (
        select string_agg(case attname when 'validation_result_id' then attname else 'finding.' || quote_ident(attname) end, ', ' order by attnum)
        from pg_attribute where attrelid = 'quality.validation_finding_before'::regclass and attnum > 0 and not attisdropped and attname <> 'recorded_at'
      ));
    perform setval(pg_get_serial_sequence('quality.validation_result', 'validation_result_id'),
      (select coalesce(max(validation_result_id), 1) from quality.validation_result), exists (select from quality.validation_result));
    perform setval(pg_get_serial_sequence('quality.validation_finding', 'validation_finding_id'),
      (select coalesce(max(validation_finding_id), 1) from quality.validation_finding), exists (select from quality.validation_finding));

    drop view if exists quality.latest_result, quality.latest_set_result, quality.open_finding, quality.pending_validation, quality.rule_summary;
    drop function if exists feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb);
    drop function if exists feature.probe(bigint, text, integer, bigint, bigint[]);
    drop function if exists pipeline.validation_outcome(bigint);
    drop function if exists quality.validate(bigint, bigint[], timestamptz, text[]);
    drop function if exists quality.validate_set(bigint, text, text[], jsonb);
    drop table quality.validation_finding_before;
    drop table quality.validation_result_before;

    alter table quality.validation_result add primary key (validation_result_id, recorded_at);
    alter table quality.validation_result
      add foreign key (instrument_id) references market.instrument,
      add foreign key (raw_response_id) references ingest.raw_response,
      add foreign key (run_id) references pipeline.pipeline_run,
      add foreign key (feature_set_version_id) references feature.feature_set_version,
      add foreign key (rule, rule_version) references quality.validation_rule (rule, version);
    create index validation_result_rule_idx on quality.validation_result (rule, rule_version);
    create index validation_result_instrument_id_idx on quality.validation_result (instrument_id, recorded_at);
    create index validation_result_raw_response_id_idx on quality.validation_result (raw_response_id);
    create index validation_result_run_id_idx on quality.validation_result (run_id);
    create index validation_result_feature_set_version_id_idx on quality.validation_result (feature_set_version_id);

    alter table quality.validation_finding add primary key (validation_finding_id, recorded_at);
    alter table quality.validation_finding
      add foreign key (validation_result_id, recorded_at) references quality.validation_result,
      add foreign key (instrument_id) references market.instrument;
    create index validation_finding_validation_result_id_idx on quality.validation_finding (validation_result_id, recorded_at);
    create index validation_finding_instrument_id_idx on quality.validation_finding (instrument_id, ts);

    comment on table quality.validation_result_default is 'Rows of quality.validation_result whose month had no partition when they came. Append-only.';
    comment on table quality.validation_finding_default is 'Rows of quality.validation_finding whose month had no partition when they came. Append-only.';
    comment on table quality.finding_sighting_default is 'Rows of quality.finding_sighting whose month had no partition when they came. Append-only.';
    alter table quality.validation_result_default enable row level security;
    alter table quality.validation_finding_default enable row level security;
    alter table quality.finding_sighting_default enable row level security;
  end if;
  perform quality.make_partitions();
end
$do$;
