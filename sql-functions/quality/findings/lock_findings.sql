-- One transaction at a time decides about a finding.
create or replace function quality.lock_findings(p_scopes text[])
returns void
language sql
volatile
parallel unsafe
begin atomic
  select pg_advisory_xact_lock(hashtext('quality.finding'), bucket.bucket)
  from (
    select distinct abs(hashtext(scope) % 128) as bucket
    from unnest(p_scopes) as scope
    order by bucket
  ) as bucket;
end;

comment on function quality.lock_findings(text[]) is
'Waits for the transactions that decide about findings of the scopes p_scopes, and makes others wait for this one. Scopes are those of quality.tracked_finding; 128 locks serve all scopes, always taken in one order, so that a look at thousands of instruments fits into the table of locks.';

revoke all on function quality.lock_findings(text[]) from public;
grant execute on function quality.lock_findings(text[]) to marketbase_worker, marketbase_author;
