-- How much there is to seal.
create or replace function lineage.audit_pending(p_stream lineage.audit_stream, p_whole boolean default false) returns bigint
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
  if not p_whole then
    select * into last from lineage.audit_block where audit_block.stream = (p_stream).stream order by block_no desc limit 1;
  end if;
  execute format(
    'select count(*) from %s as r where %s',
    (p_stream).relation, concat_ws(' and ', lineage.audit_window(last, p_clock_column => (p_stream).clock_column), (p_stream).condition)
  )
  into pending;
  return pending;
end
$$;

comment on function lineage.audit_pending(lineage.audit_stream, boolean) is
'Rows that a seal of a stream looks at: those that were written since its last block, or whose transaction was not finished then; all where the transactions cannot be compared, and with p_whole. An upper bound: rows that were written again without being new are counted too. NULL for NULL.';

revoke all on function lineage.audit_pending(lineage.audit_stream, boolean) from public;
grant execute on function lineage.audit_pending(lineage.audit_stream, boolean) to marketbase_auditor, marketbase_worker;
