-- The hash of a block: of the block before it, of its leaves and of all else that is stored of it.
create or replace function lineage.audit_block_hash(block lineage.audit_block) returns bytea
language sql immutable parallel safe
return sha256(
  block.previous_hash || block.leaves_hash || record_send(row(
    block.block_no, block.stream, block.relation, block.history_relation, block.key_columns, block.key_types, block.columns, block.column_types,
    block.condition, block.clock_column, block.is_replaceable, block.row_count, block.leaf_count, block.system_identifier, block.transactions_to,
    block.next_transaction, block.sealed_at, block.sealed_by
  ))
  -- Blocks that were sealed before these times were noted have neither.
  || case when block.recorded_from is null then '' else record_send(row(block.recorded_from, block.not_before)) end
);

comment on function lineage.audit_block_hash(lineage.audit_block) is
'sha256(previous_hash || leaves_hash || record_send(row(all other columns from block_no to sealed_by in their order)) || record_send(row(recorded_from, not_before))) of a block, as it should stand in its column hash. The last part is missing where recorded_from is NULL.';

revoke all on function lineage.audit_block_hash(lineage.audit_block) from public;
grant execute on function lineage.audit_block_hash(lineage.audit_block) to marketbase_auditor;
