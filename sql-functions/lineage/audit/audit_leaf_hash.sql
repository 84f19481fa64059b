-- The hash of a leaf, over all else that is stored of it.
create or replace function lineage.audit_leaf_hash(leaf lineage.audit_leaf) returns bytea
language sql immutable parallel safe
return sha256(record_send(row(leaf.block_no, leaf.leaf_no, leaf.row_count, leaf.keys, leaf.digests, leaf.content_hash)));

comment on function lineage.audit_leaf_hash(lineage.audit_leaf) is
'sha256(record_send(row(block_no, leaf_no, row_count, keys, digests, content_hash))) of a leaf, as it should stand in its column hash. record_send is the binary form of PostgreSQL: for each column type, length and value.';

revoke all on function lineage.audit_leaf_hash(lineage.audit_leaf) from public;
grant execute on function lineage.audit_leaf_hash(lineage.audit_leaf) to marketbase_auditor;
