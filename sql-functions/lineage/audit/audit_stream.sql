-- What the audit chain seals: one stream for each kind of row that is never changed once it is written.
-- Append-only tables and tables with a history are found in the catalogue, so that a new one is sealed without a line here.
create or replace view lineage.audit_stream with (security_invoker = true) as
with append_only as (
  select distinct class.oid, class.relnamespace, class.relname
  from pg_catalog.pg_trigger
  join pg_catalog.pg_class as class on class.oid = pg_trigger.tgrelid
  where pg_trigger.tgfoid = 'internal.refuse_change()'::pg_catalog.regprocedure
    -- update (16) and delete (8) of every column; partitions belong to their parent, and the chain does not seal itself
    and pg_trigger.tgtype & 24 = 24 and pg_trigger.tgattr = '' and not class.relispartition
    and class.oid not in ('lineage.audit_block'::pg_catalog.regclass, 'lineage.audit_leaf'::pg_catalog.regclass)
),
listed (stream, oid, history, key_oid, left_out, version_column, condition, clock_column) as (
  select
    format('%s.%s', namespace.nspname, append_only.relname), append_only.oid, null::oid, append_only.oid, '{}'::text[], null, null,
    (
      select attribute.attname::text
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = append_only.oid and attribute.attname in ('changed_at', 'closed_at', 'recorded_at') and not attribute.attisdropped
      order by attribute.attname
      limit 1
    )
  from append_only
  join pg_catalog.pg_namespace as namespace on namespace.oid = append_only.relnamespace
  union all
  -- A version is sealed when it is added. Closed, it is the same version in another table; that it was closed is sealed as a row of the history.
  select format('%s.%s', namespace.nspname, class.relname), class.oid, append_only.oid, append_only.oid, '{}', null, null, 'recorded_at'
  from append_only
  join pg_catalog.pg_class as class on class.relnamespace = append_only.relnamespace and class.relname || '_history' = append_only.relname
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  union all
  -- Tables of which some columns change by right, and rows that count from a moment on.
  select
    concat_ws(' ', format('%s.%s', namespace.nspname, class.relname), part.event), class.oid, null, class.oid, part.left_out, part.version_column,
    part.condition, part.clock_column
  from (values
    ('feature.feature_definition'::pg_catalog.regclass, null, '{description}'::text[], null, null, null),
    ('feature.feature_set_version', null, '{is_current,in_force_to,compiler_state}', null, null, null),
    ('market.company_ticker', null, '{known_to}', null, null, null),
    ('market.company_ticker', 'closing', '{}', null, 'r.known_to is not null', null),
    ('market.filing', null, '{}', 'run_id', null, null),
    ('market.instrument_identifier', null, '{known_to}', null, null, 'recorded_at'),
    ('market.instrument_identifier', 'closing', '{}', null, 'r.known_to is not null', null),
    ('market.universe_member', null, '{known_to}', null, null, 'recorded_at'),
    ('market.universe_member', 'closing', '{}', null, 'r.known_to is not null', null),
    ('ml.model_prediction', null, '{outcome,outcome_known_from,outcome_run_id}', null, null, 'recorded_at'),
    ('ml.model_prediction', 'outcome', '{}', 'outcome_run_id', 'r.outcome_run_id is not null', null),
    ('ml.model_training_run', null, '{is_current}', null, null, 'finished_at'),
    ('pipeline.pipeline_run', null, '{}', null, 'r.finished_at is not null', 'finished_at'),
    ('risk.var_calculation', null, '{}', 'run_id', null, 'recorded_at')
  ) as part (oid, event, left_out, version_column, condition, clock_column)
  join pg_catalog.pg_class as class on class.oid = part.oid
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
)
select
  listed.stream,
  relation.name as relation,
  history.name as history_relation,
  array_remove(keys.names || listed.version_column, null) as key_columns,
  array_remove(keys.types || versions.type, null) as key_types,
  hashed.names as columns,
  hashed.types as column_types,
  listed.condition,
  listed.clock_column,
  listed.version_column is not null as is_replaceable
from listed
cross join lateral (
  select format('%I.%I', namespace.nspname, class.relname) as name
  from pg_catalog.pg_class as class
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = listed.oid
) as relation
left join lateral (
  select format('%I.%I', namespace.nspname, class.relname) as name
  from pg_catalog.pg_class as class
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = listed.history
) as history on true
cross join lateral (
  select
    array_agg(attribute.attname::text order by array_position(primary_key.conkey, attribute.attnum)) as names,
    array_agg(pg_catalog.format_type(attribute.atttypid, null) order by array_position(primary_key.conkey, attribute.attnum)) as types
  from pg_catalog.pg_constraint as primary_key
  join pg_catalog.pg_attribute as attribute on attribute.attrelid = primary_key.conrelid and attribute.attnum = any (primary_key.conkey)
  where primary_key.conrelid = listed.key_oid and primary_key.contype = 'p'
) as keys
left join lateral (
  select pg_catalog.format_type(attribute.atttypid, null) as type
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = listed.oid and attribute.attname = listed.version_column
) as versions on true
cross join lateral (
  select
    array_agg(attribute.attname::text order by attribute.attnum) as names,
    -- Names and not the numbers by which this server knows them.
    array_agg(
      case when type.typtype in ('e', 'd') or type.typname like 'reg%' then 'text' else pg_catalog.format_type(attribute.atttypid, null) end
      order by attribute.attnum
    ) as types
  from pg_catalog.pg_attribute as attribute
  join pg_catalog.pg_type as type on type.oid = attribute.atttypid
  where attribute.attrelid = listed.oid and attribute.attnum > 0 and not attribute.attisdropped and attribute.attgenerated = ''
    and attribute.attname <> all (listed.left_out)
    and (
      listed.history is null
      or exists (
        select
        from pg_catalog.pg_attribute as closed
        where closed.attrelid = listed.history and closed.attname = attribute.attname and not closed.attisdropped
      )
    )
) as hashed;

comment on view lineage.audit_stream is
'What the audit chain seals. Every append-only table (trigger internal.refuse_change) is a stream of its own, so is every table with a history beside it, whose versions are sealed when they are added and stay the same when they are closed, and some tables of which a part of the columns never changes. Left out is what is overwritten by right and can be computed again: positions, metrics, calendars, the state of work.';
comment on column lineage.audit_stream.stream is 'Name of the stream: the table, and an event where a table has two.';
comment on column lineage.audit_stream.relation is 'Table, schema and name.';
comment on column lineage.audit_stream.history_relation is 'Table into which a row moves when its version is closed.';
comment on column lineage.audit_stream.key_columns is 'Columns by which a row is found again: the primary key, of a table with a history that of the history.';
comment on column lineage.audit_stream.key_types is 'Types of these columns.';
comment on column lineage.audit_stream.columns is 'Columns that are hashed: all but generated ones and those that change by right.';
comment on column lineage.audit_stream.column_types is 'Types as which they are hashed.';
comment on column lineage.audit_stream.condition is 'Which rows are in the stream, as an expression over the row r; NULL for all.';
comment on column lineage.audit_stream.clock_column is 'Column that says when the database recorded the row; NULL where there is none.';
comment on column lineage.audit_stream.is_replaceable is 'Whether a row may be replaced in place by one that differs in the last column of the key.';

revoke all on lineage.audit_stream from public;
grant select on lineage.audit_stream to marketbase_auditor, marketbase_worker;
