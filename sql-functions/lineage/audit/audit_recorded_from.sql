-- When the oldest transaction began that is open now.
create or replace function lineage.audit_recorded_from() returns timestamptz
language plpgsql volatile parallel restricted
set search_path to pg_catalog, pg_temp
as $$
declare
  -- A session says that it began a transaction a moment after it did, and a clock may be set back a little.
  allowance constant interval := '1 minute';
  longest_transaction constant interval := '2 hours';
  began constant timestamptz := clock_timestamp();
  oldest timestamptz;
begin
  perform pg_stat_clear_snapshot();
  select
    case
      -- Sessions of which this role may see nothing.
      when bool_or(session.state is null or session.state = 'disabled') then began - longest_transaction
      else least(began, min(session.xact_start))
    end
  into oldest
  from pg_stat_activity as session
  where session.datname = current_database() and session.backend_type is distinct from 'autovacuum worker';
  return oldest - allowance;
end
$$;

comment on function lineage.audit_recorded_from() is
'No transaction that begins to write after this call can have begun before: when the oldest that is open in this database began, less a minute. Two hours and a minute ago, the longest that a role of marketbase may have a transaction open, where there are sessions that the caller may not see (marketbase_owner sees them all where it has pg_read_all_stats).';

revoke all on function lineage.audit_recorded_from() from public;
