-- What the tables that are changed in place said before: every report as of a moment can be made again.
create table if not exists lineage.row_change (
  row_change_id bigint generated always as identity primary key,
  relation text not null,
  operation text not null,
  row jsonb not null,
  changed_at timestamptz not null default now(),
  changed_by text not null default current_user,
  constraint row_change_operation_check check (operation in ('insert', 'update', 'delete')),
  constraint row_change_row_check check (jsonb_typeof(row) = 'object')
);
create index if not exists row_change_relation_idx on lineage.row_change (relation, changed_at);
comment on table lineage.row_change is 'Changes to tables that keep one row per key and no versions (instruments, exchanges, sessions, providers, models, feature sets, results of portfolios): the row as it was, when that ended and who did it. Append-only; written by triggers.';
comment on column lineage.row_change.row_change_id is 'Identity, in the order of the changes.';
comment on column lineage.row_change.relation is 'Table that was changed, such as market.instrument.';
comment on column lineage.row_change.operation is 'insert, update or delete. Inserts are kept for tables whose rows do not say themselves when they came.';
comment on column lineage.row_change.row is 'The row before the change; for an insert the row that came.';
comment on column lineage.row_change.changed_at is 'When it was changed.';
comment on column lineage.row_change.changed_by is 'Role that changed it.';

-- Corrections are listed by the time at which they came.
create index if not exists price_data_history_closed_at_idx on market.price_data_history (closed_at);
create index if not exists company_fundamental_history_closed_at_idx on market.company_fundamental_history (closed_at);
create index if not exists corporate_action_history_closed_at_idx on market.corporate_action_history (closed_at);
