-- The audit chain: blocks of hashed rows, each with the hash of the block before it.
create table if not exists lineage.audit_block (
  block_no bigint,
  stream text not null,
  relation text not null,
  history_relation text,
  key_columns text[] not null,
  key_types text[] not null,
  columns text[] not null,
  column_types text[] not null,
  condition text,
  clock_column text,
  is_replaceable boolean not null,
  row_count bigint not null,
  leaf_count integer not null,
  system_identifier bigint not null,
  transactions_to bigint not null,
  next_transaction bigint not null,
  sealed_at timestamptz not null,
  sealed_by text not null,
  previous_hash bytea not null,
  leaves_hash bytea not null,
  hash bytea not null,
  constraint audit_block_pkey primary key (block_no),
  constraint audit_block_block_no_check check (block_no > 0),
  constraint audit_block_row_count_check check (row_count > 0 and leaf_count > 0),
  constraint audit_block_key_columns_check check (cardinality(key_columns) > 0 and cardinality(key_columns) = cardinality(key_types)),
  constraint audit_block_columns_check check (cardinality(columns) > 0 and cardinality(columns) = cardinality(column_types))
);
create index if not exists audit_block_stream_idx on lineage.audit_block (stream, block_no);
comment on table lineage.audit_block is
'@behavior -*
The audit chain: each block seals the rows of one stream that were finished since the block before, and holds the hash of the block before it. Append-only; written by lineage.seal_stream alone.';
comment on column lineage.audit_block.block_no is 'Number of the block, without gaps from 1.';
comment on column lineage.audit_block.stream is 'What was sealed; see lineage.audit_stream.';
comment on column lineage.audit_block.relation is 'Table of the rows, schema and name.';
comment on column lineage.audit_block.history_relation is 'Table into which a row moves when its version is closed; NULL where there is none.';
comment on column lineage.audit_block.key_columns is 'Columns by which a row is found again.';
comment on column lineage.audit_block.key_types is 'Types of these columns.';
comment on column lineage.audit_block.columns is 'Columns that were hashed, in this order, so that columns added later do not matter.';
comment on column lineage.audit_block.column_types is 'Types as which they were hashed.';
comment on column lineage.audit_block.condition is 'Which rows of the table were in the stream, as an expression over the row r; NULL for all.';
comment on column lineage.audit_block.clock_column is 'Column that says when the database recorded the row; NULL where there is none.';
comment on column lineage.audit_block.is_replaceable is 'Whether a row may be replaced in place by one that differs in the last column of the key.';
comment on column lineage.audit_block.row_count is 'Rows that were sealed.';
comment on column lineage.audit_block.leaf_count is 'Leaves in which they lie.';
comment on column lineage.audit_block.system_identifier is 'Server on which the transactions below were counted.';
comment on column lineage.audit_block.transactions_to is 'Rows of all transactions before this one were sealed: it was the oldest that was not finished.';
comment on column lineage.audit_block.next_transaction is 'The first transaction that had not begun to write.';
comment on column lineage.audit_block.sealed_at is 'When the block was sealed.';
comment on column lineage.audit_block.sealed_by is 'Login that had it sealed.';
comment on column lineage.audit_block.previous_hash is 'Hash of the block before; empty for the first.';
comment on column lineage.audit_block.leaves_hash is 'sha256 of the hashes of the leaves, one after the other.';
comment on column lineage.audit_block.hash is 'Hash of the block; see lineage.audit_block_hash.';

create table if not exists lineage.audit_leaf (
  block_no bigint not null,
  leaf_no integer not null,
  row_count integer not null,
  keys text[] not null,
  digests bytea not null,
  content_hash bytea not null,
  hash bytea not null,
  constraint audit_leaf_pkey primary key (block_no, leaf_no),
  constraint audit_leaf_block_no_fkey foreign key (block_no) references lineage.audit_block deferrable initially deferred,
  constraint audit_leaf_row_count_check check (row_count > 0 and leaf_no >= 0)
);
-- Hashes do not get smaller.
alter table lineage.audit_leaf alter column digests set storage external;
comment on table lineage.audit_leaf is
'@behavior -*
The rows of a block, some thousand to a leaf: their keys and short digests, to name a row, and the hash of their hashes, to prove them. Append-only; written by lineage.seal_stream alone.';
comment on column lineage.audit_leaf.block_no is 'Block.';
comment on column lineage.audit_leaf.leaf_no is 'Number of the leaf in the block, from 0.';
comment on column lineage.audit_leaf.row_count is 'Rows of the leaf.';
comment on column lineage.audit_leaf.keys is 'For each key column of the block an array literal with its values, in the order of the rows.';
comment on column lineage.audit_leaf.digests is 'The first 8 bytes of the hash of each row: they say which row differs where content_hash does.';
comment on column lineage.audit_leaf.content_hash is 'sha256 of the hashes of the rows, one after the other; the hash of a row is sha256(record_send(row(columns))).';
comment on column lineage.audit_leaf.hash is 'Hash of the leaf; see lineage.audit_leaf_hash.';

drop type if exists lineage.audit_finding cascade;
create type lineage.audit_finding as (
  kind text,
  block_no bigint,
  stream text,
  key jsonb,
  message text
);
comment on type lineage.audit_finding is 'Something that is not as it was sealed.';
comment on column lineage.audit_finding.kind is
'changed, deleted: a sealed row. inserted, backdated: a row that claims an older time than it has. chain: a block or leaf. truncated, rewritten: the chain, against a head that was kept outside. unreadable: a block whose table or columns are gone.';
comment on column lineage.audit_finding.block_no is 'Block.';
comment on column lineage.audit_finding.stream is 'Stream of the block; see lineage.audit_stream.';
comment on column lineage.audit_finding.key is 'Key of the row, where it is one row.';
comment on column lineage.audit_finding.message is 'A sentence that says what is wrong where.';
