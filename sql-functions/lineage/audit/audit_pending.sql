-- How much there is to seal.
create or replace function lineage.audit_pending(p_stream text) returns bigint
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
as $$
declare
  stream lineage.audit_stream;
  last lineage.audit_block;
  pending bigint;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;
  execute format('select count(*) from %s as r where %s', stream.relation, concat_ws(' and ', lineage.audit_window(last), stream.condition)) into pending;
  return pending;
end
$$;

comment on function lineage.audit_pending(text) is
'Rows of a stream that were written since its last block, or whose transaction was not finished then; all where the transactions cannot be compared. An upper bound: rows that were written again without being new are counted too.';

revoke all on function lineage.audit_pending(text) from public;
grant execute on function lineage.audit_pending(text) to marketbase_auditor, marketbase_worker;
