-- Where a period begins of which only the end and the length are known.
create or replace function ingest.period_start(p_period_end date, p_months integer) returns date
language sql immutable strict parallel safe
return ((p_period_end + 1) - make_interval(months => p_months))::date;

comment on function ingest.period_start(date, integer) is
'First day of the p_months months that end with p_period_end: 2021-10-01 for the 3 months to 2021-12-31. Of a company that counts in weeks it is some days off. NULL for NULL.';

revoke all on function ingest.period_start(date, integer) from public;
grant execute on function ingest.period_start(date, integer) to marketbase_worker;
