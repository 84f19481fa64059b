-- What each rule said, day by day.
create or replace view quality.rule_trend
with (security_invoker = true)
as
select
  result.rule as rule,
  (result.recorded_at at time zone 'UTC')::date as day,
  count(*) as result_count,
  count(*) filter (where result.status = 'passed') as passed_count,
  count(*) filter (where result.status = 'warned') as warned_count,
  count(*) filter (where result.status = 'failed') as failed_count,
  count(*) filter (where result.status = 'not_applicable') as not_applicable_count,
  sum(result.checked_count)::bigint as checked_row_count,
  sum(result.failed_count)::bigint as failed_row_count,
  sum(result.failed_count)::double precision / nullif(sum(result.checked_count), 0)::double precision as failed_row_share,
  count(distinct result.instrument_id) filter (where result.status in ('warned', 'failed')) as failing_instrument_count
from quality.validation_result as result
group by result.rule, (result.recorded_at at time zone 'UTC')::date;

comment on view quality.rule_trend is E'@primaryKey rule,day\nWhat each rule said, day by day. A day is one of UTC, on which was checked; rows that were checked twice count twice.';
comment on column quality.rule_trend.rule is E'@notNull\nRule, in whatever version.';
comment on column quality.rule_trend.day is E'@notNull\nDay on which was checked.';
comment on column quality.rule_trend.result_count is E'@notNull\nResults: one for each rule and instrument, body or set that was looked at.';
comment on column quality.rule_trend.passed_count is E'@notNull\nResults that passed.';
comment on column quality.rule_trend.warned_count is E'@notNull\nResults beyond the threshold of a warning.';
comment on column quality.rule_trend.failed_count is E'@notNull\nResults that failed.';
comment on column quality.rule_trend.not_applicable_count is E'@notNull\nResults where there was nothing to look at.';
comment on column quality.rule_trend.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.rule_trend.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.rule_trend.failed_row_share is 'failed_row_count / checked_row_count, a fraction; null where no row was looked at.';
comment on column quality.rule_trend.failing_instrument_count is E'@notNull\nInstruments with a result that warned or failed.';

grant select on quality.rule_trend to marketbase_reader;
