-- The status of a check, from its counts.
create or replace function quality.status(p_checked_count bigint, p_failed_count bigint)
returns text
language sql
immutable
parallel safe
return case when p_failed_count > 0 then 'failed' when p_checked_count > 0 then 'passed' else 'not_applicable' end;

comment on function quality.status(bigint, bigint) is
'failed where a row failed, passed where rows were looked at and none failed, not_applicable where there was nothing to look at. NULL counts as 0.';

revoke all on function quality.status(bigint, bigint) from public;
grant execute on function quality.status(bigint, bigint) to marketbase_worker;
