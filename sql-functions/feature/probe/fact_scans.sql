-- How often this transaction has read reported facts.
create or replace function feature.fact_scans() returns bigint
language sql volatile parallel restricted
begin atomic
  select sum(coalesce(read.seq_scan, 0) + coalesce(read.idx_scan, 0))::bigint
  from pg_stat_xact_all_tables as read
  where read.relid in ('market.company_fundamental'::regclass, 'market.company_fundamental_history'::regclass);
end;

comment on function feature.fact_scans() is
'Scans of market.company_fundamental and its history, by index or not, in the transaction of the caller so far. 0 where the server does not count (track_counts).';

revoke all on function feature.fact_scans() from public;
grant execute on function feature.fact_scans() to marketbase_worker;
