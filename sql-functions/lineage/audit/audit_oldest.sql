-- Since when every row that was not finished when a block was sealed must have been recorded.
create or replace function lineage.audit_oldest(p_block lineage.audit_block) returns timestamptz
language sql stable parallel safe
begin atomic
  select max(coalesce(earlier.recorded_from, earlier.sealed_at - interval '3 hours'))
  from lineage.audit_block as earlier
  where earlier.block_no <= (p_block).block_no
    and earlier.system_identifier = (p_block).system_identifier
    and earlier.next_transaction <= (p_block).transactions_to;
end;

comment on function lineage.audit_oldest(lineage.audit_block) is
'No row that was not finished when p_block was sealed can have been recorded before this: its transaction had not begun to write when an earlier block was sealed, and that block says since when such a transaction can have begun (recorded_from; of a block that does not, its time less two hours for the longest transaction that a role of marketbase may have open and one for a clock that was set back). NULL where the chain does not say.';

revoke all on function lineage.audit_oldest(lineage.audit_block) from public;
grant execute on function lineage.audit_oldest(lineage.audit_block) to marketbase_auditor, marketbase_worker;
