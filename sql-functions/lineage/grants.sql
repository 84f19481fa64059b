-- Who may do what with the lineage: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema lineage to marketbase_reader;

alter table lineage.data_lineage enable row level security;
drop policy if exists data_lineage_read on lineage.data_lineage;
create policy data_lineage_read on lineage.data_lineage for select to marketbase_reader using (true);
drop policy if exists data_lineage_insert on lineage.data_lineage;
create policy data_lineage_insert on lineage.data_lineage for insert to marketbase_worker with check (true);
revoke all on lineage.data_lineage from public, marketbase_reader, marketbase_worker;
grant select on lineage.data_lineage to marketbase_reader;
grant insert (
  run_id, source_relation, source_id, source_instrument_id, source_from, source_to, target_relation, target_id, target_instrument_id, target_from,
  target_to, row_count, operation, transformation, transformation_version
) on lineage.data_lineage to marketbase_worker;

-- Auditors read the chain; it is written by lineage.seal_stream, and nobody has a right to write it beside.
alter table lineage.audit_block enable row level security;
drop policy if exists audit_block_read on lineage.audit_block;
create policy audit_block_read on lineage.audit_block for select to marketbase_auditor, marketbase_worker using (true);
revoke all on lineage.audit_block from public, marketbase_reader, marketbase_worker, marketbase_auditor;
grant select on lineage.audit_block to marketbase_auditor, marketbase_worker;

alter table lineage.audit_leaf enable row level security;
drop policy if exists audit_leaf_read on lineage.audit_leaf;
create policy audit_leaf_read on lineage.audit_leaf for select to marketbase_auditor using (true);
revoke all on lineage.audit_leaf from public, marketbase_reader, marketbase_worker, marketbase_auditor;
grant select on lineage.audit_leaf to marketbase_auditor;

alter table lineage.row_change enable row level security;
drop policy if exists row_change_read on lineage.row_change;
create policy row_change_read on lineage.row_change for select to marketbase_analyst, marketbase_auditor using (true);
drop policy if exists row_change_insert on lineage.row_change;
create policy row_change_insert on lineage.row_change for insert to marketbase_worker with check (true);
revoke all on lineage.row_change from public, marketbase_reader, marketbase_analyst, marketbase_auditor, marketbase_worker;
grant select on lineage.row_change to marketbase_analyst, marketbase_auditor;
grant insert (relation, operation, row) on lineage.row_change to marketbase_worker;
