-- How much there is to seal.
create or replace function lineage.audit_pending(p_stream lineage.audit_stream) returns bigint
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
as $$
declare
  last lineage.audit_block;
  pending bigint;
begin
  if (p_stream).stream is null then
    return null;
  end if;
  select * into last from lineage.audit_block where audit_block.stream = (p_stream).stream order by block_no desc limit 1;
  execute format('select count(*) from %s as r where %s', (p_stream).relation, concat_ws(' and ', lineage.audit_window(last), (p_stream).condition)) into pending;
  return pending;
end
$$;

comment on function lineage.audit_pending(lineage.audit_stream) is
'Rows of a stream that were written since its last block, or whose transaction was not finished then; all where the transactions cannot be compared. An upper bound: rows that were written again without being new are counted too. NULL for NULL.';

revoke all on function lineage.audit_pending(lineage.audit_stream) from public;
grant execute on function lineage.audit_pending(lineage.audit_stream) to marketbase_auditor, marketbase_worker;
