-- Record-keeping: the principles of BCBS 239 with figures, and the audit trail of SEC rule 17a-4: every change, when, by whom, and the record as it was.
--
--   psql "$URL" -X -f db/reports/record_keeping.sql                                      all that is kept
--   psql "$URL" -X -v from=2026-01-01 -v to=2026-03-31 -f db/reports/record_keeping.sql  the changes of a quarter
\set ON_ERROR_STOP on
\set report 'record_keeping'
\set title 'record-keeping (BCBS 239, SEC 17a-4)'
\set takes 'as_of from to lines'
\ir common/begin.sql
\echo '# Changes: ' :span_title
\ir common/lists.sql

\echo '# 1. BCBS 239, Principles for effective risk data aggregation and risk reporting: evidence as of that moment'
with last_result as (
  select distinct on (result.rule, result.instrument_id) result.status, result.failed_count, result.masked_count
  from quality.validation_result as result
  where result.raw_response_id is null and result.recorded_at <= :'as_of'::timestamptz
  order by result.rule, result.instrument_id, result.validation_result_id desc
),
checked as (
  select count(*) as checks, count(*) filter (where result.status = 'passed') as passed, max(result.recorded_at) as last_at,
    count(distinct (result.recorded_at)::date) filter (where result.recorded_at > :'as_of'::timestamptz - interval '30 days') as days
  from quality.validation_result as result
  where result.recorded_at <= :'as_of'::timestamptz
),
in_force as (
  select distinct on (activation.rule) activation.rule, activation.version
  from quality.rule_activation as activation
  where activation.in_force_from <= :'as_of'::timestamptz
  order by activation.rule, activation.in_force_from desc
),
presence as (
  select count(*) filter (where day.is_expected) as expected, count(*) filter (where day.is_expected and day.is_present) as present
  from quality.session_presence(0, '-infinity', 'infinity', :'as_of') as day
),
read as (
  select count(*) as bodies, count(*) filter (where normalisation.outcome = 'refused') as refused,
    percentile_cont(0.5) within group (order by extract(epoch from normalisation.recorded_at - response.recorded_at)) as seconds
  from ingest.normalisation as normalisation
  join ingest.raw_response as response on response.raw_response_id = normalisation.raw_response_id
  where normalisation.recorded_at <= :'as_of'::timestamptz
),
run as (
  select count(*) as runs, count(run.actor) filter (where run.actor <> '') as with_actor
  from pipeline.pipeline_run as run
  where run.queued_at <= :'as_of'::timestamptz
),
edge as (
  select count(*) as edges, count(distinct made.target_relation) as tables
  from lineage.data_lineage as made
  where made.recorded_at <= :'as_of'::timestamptz
)
select evidence.p, evidence.principle, evidence.what as evidence, evidence.figure, evidence.see as report
from (
  select 1 as p, 'Governance' as principle, 'rules in force that say what they mean and what to do' as what,
    (select count(*) from in_force join quality.validation_rule as rule using (rule, version) where rule.description <> '' and rule.remedy <> '')::numeric as figure,
    'rule_changes' as see, 1 as place
  union all select 1, 'Governance', 'runs that name who asked for them, % of all', (select round(100.0 * with_actor / nullif(runs, 0), 2) from run), 'record_keeping', 2
  union all select 2, 'Data architecture', 'edges of lineage, from bodies to predictions', (select edges from edge), 'lineage', 3
  union all select 2, 'Data architecture', 'tables whose rows say what they were made from', (select tables from edge), 'lineage', 4
  union all select 3, 'Accuracy, integrity', 'checks that were made', (select checks from checked), 'daily_quality', 5
  union all select 3, 'Accuracy, integrity', 'checks that passed, % of all', (select round(100.0 * passed / nullif(checks, 0), 2) from checked), 'daily_quality', 6
  union all select 3, 'Accuracy, integrity', 'rows that were kept out by a critical rule', (
    select count(*) from ingest.quarantine as kept where kept.recorded_at <= :'as_of'::timestamptz), 'daily_quality', 7
  union all select 4, 'Completeness', 'sessions with a bar, % of those expected', (select round(100.0 * present / nullif(expected, 0), 4) from presence), 'completeness', 8
  union all select 4, 'Completeness', 'sessions without a bar', (select expected - present from presence), 'completeness', 9
  union all select 5, 'Timeliness', 'seconds from a body to its rows, median', (select round(seconds::numeric, 1) from read), 'compliance', 10
  union all select 5, 'Timeliness', 'hours since the last check', (
    select round(extract(epoch from :'as_of'::timestamptz - last_at) / 3600, 1) from checked), 'daily_quality', 11
  union all select 6, 'Adaptability', 'versions of feature sets so far', (
    select count(*) from feature.feature_set_version as made where made.in_force_from <= :'as_of'::timestamptz), 'inventory', 12
  union all select 6, 'Adaptability', 'changes of rules so far', (
    select count(*) from quality.rule_activation as change where change.in_force_from <= :'as_of'::timestamptz), 'rule_changes', 13
  union all select 7, 'Reporting accuracy', 'training sets whose rows have a hash', (
    select count(*) from ml.training_set as made where made.recorded_at <= :'as_of'::timestamptz and made.data_hash <> ''), 'inventory', 14
  union all select 7, 'Reporting accuracy', 'values at risk that were tested against a loss', (
    select count(*) from risk.var_tests_as_of(0, '-infinity', 'infinity', :'as_of')), 'var_backtests', 15
  union all select 8, 'Comprehensiveness', 'instruments', (select count(*) from market.instruments_as_of(:'as_of')), 'completeness', 16
  union all select 8, 'Comprehensiveness', 'providers and data sets that have sent something', (
    select count(distinct (response.provider, response.dataset)) from ingest.raw_response as response
    where response.recorded_at <= :'as_of'::timestamptz), 'compliance', 17
  union all select 9, 'Clarity', 'features in force that are defined by an expression', (
    select count(*)
    from feature.feature_set_version as made
    join feature.feature_definition as definition using (feature_set_version_id)
    where made.in_force_from <= :'as_of'::timestamptz and (made.in_force_to is null or made.in_force_to > :'as_of'::timestamptz)
  ), 'inventory', 18
  union all select 10, 'Frequency', 'days with checks among the last 30', (select days from checked), 'daily_quality', 19
  union all select 12, 'Review', 'bodies that could not be read, of all that were tried', (select refused from read), 'compliance', 20
  union all select 13, 'Remedial actions', 'rows that are still wrong by the last check', (
    select coalesce(sum(failed_count), 0) from last_result where status = 'failed'), 'daily_quality', 21
  union all select 13, 'Remedial actions', 'findings that somebody has acknowledged', (
    select count(*) from quality.finding_states(:'as_of') as state where state.state = 'acknowledged'), 'daily_quality', 22
  union all select 13, 'Remedial actions', 'rows that known incidents masked in the last check', (
    select coalesce(sum(masked_count), 0) from last_result), 'daily_quality', 23
  union all select 13, 'Remedial actions', 'versions of rows that were replaced by a correction', (
    select (select count(*) from market.price_data_history as closed where closed.closed_at <= :'as_of'::timestamptz)
      + (select count(*) from market.company_fundamental_history as closed where closed.closed_at <= :'as_of'::timestamptz)
      + (select count(*) from market.corporate_action_history as closed where closed.closed_at <= :'as_of'::timestamptz)), 'corrections', 24
) as evidence
order by evidence.place;

\echo '# Principle 11 (distribution) is answered by the report access; 14 is about supervisors among themselves.'
\echo '#'

\echo '# 2. SEC 17a-4(f)(2)(i)(A): every creation, modification and deletion, by table'
-- chart: bars of modified, deleted over relation
with version as (
  select 'market.price_data' as relation, 'created' as what, recorded_at as at from market.price_data where version = 1
  union all
  select 'market.price_data', case when version = 1 then 'created' end, recorded_at from market.price_data_history
  union all
  select 'market.price_data', case when exists (
    select from market.price_data_version as next
    where next.instrument_id = closed.instrument_id and next.bar_interval = closed.bar_interval and next.ts = closed.ts
      and next.version = closed.version + 1 and next.recorded_at <= :'as_of'::timestamptz
  ) then 'modified' else 'deleted' end, closed_at from market.price_data_history as closed
  union all
  select 'market.company_fundamental', 'created', recorded_at from market.company_fundamental where version = 1
  union all
  select 'market.company_fundamental', case when version = 1 then 'created' end, recorded_at from market.company_fundamental_history
  union all
  select 'market.company_fundamental', case when exists (
    select from market.company_fundamental_version as next
    where next.instrument_id = closed.instrument_id and next.taxonomy = closed.taxonomy and next.concept = closed.concept and next.unit = closed.unit
      and next.period_start = closed.period_start and next.period_end = closed.period_end
      and next.version = closed.version + 1 and next.recorded_at <= :'as_of'::timestamptz
  ) then 'modified' else 'deleted' end, closed_at from market.company_fundamental_history as closed
  union all
  select 'market.corporate_action', 'created', recorded_at from market.corporate_action where version = 1
  union all
  select 'market.corporate_action', case when version = 1 then 'created' end, recorded_at from market.corporate_action_history
  union all
  select 'market.corporate_action', case when exists (
    select from market.corporate_action_version as next
    where next.instrument_id = closed.instrument_id and next.action_type = closed.action_type and next.ex_date = closed.ex_date
      and next.version = closed.version + 1 and next.recorded_at <= :'as_of'::timestamptz
  ) then 'modified' else 'deleted' end, closed_at from market.corporate_action_history as closed
  union all
  select 'ingest.raw_response', 'created', recorded_at from ingest.raw_response
  union all
  select 'ingest.quarantine', 'created', recorded_at from ingest.quarantine
  union all
  select 'portfolio.trade', 'created', recorded_at from portfolio.trade
  union all
  select 'quality.validation_result', 'created', recorded_at from quality.validation_result
  union all
  select 'lineage.data_lineage', 'created', recorded_at from lineage.data_lineage
  union all
  select 'ml.model_prediction', 'created', recorded_at from ml.model_prediction
  union all
  select relation, case operation when 'insert' then 'created' when 'update' then 'modified' else 'deleted' end, changed_at from lineage.row_change
)
select
  version.relation,
  count(*) filter (where version.what = 'created') as created,
  count(*) filter (where version.what = 'modified') as modified,
  count(*) filter (where version.what = 'deleted') as deleted,
  to_char(min(version.at), 'YYYY-MM-DD HH24:MI:SS') as first_at,
  to_char(max(version.at), 'YYYY-MM-DD HH24:MI:SS') as last_at
from version
where version.what is not null and version.at <= :'as_of'::timestamptz
  and version.at >= :'from_date'::date and version.at < :'to_date'::date + interval '1 day'
group by version.relation
order by version.relation
limit :lines;

\echo '# 3. By whom: the identity under which work was asked for, and under which tables without versions were changed'
select
  work.identity,
  work.what,
  count(*) as times,
  to_char(min(work.at), 'YYYY-MM-DD HH24:MI:SS') as first_at,
  to_char(max(work.at), 'YYYY-MM-DD HH24:MI:SS') as last_at
from (
  select quality.report_text(run.actor, 30) as identity, 'run of ' || quality.report_text(run.flow, 30) as what, run.queued_at as at
  from pipeline.pipeline_run as run
  union all
  select quality.report_text(change.changed_by, 30), format('%s of %s', change.operation, change.relation), change.changed_at
  from lineage.row_change as change
) as work
where work.at <= :'as_of'::timestamptz and work.at >= :'from_date'::date and work.at < :'to_date'::date + interval '1 day'
group by work.identity, work.what
order by work.identity, work.what
limit :lines;

\echo '# 4. Re-creation: of rows that were changed, are all versions there? missing has to be 0'
select
  kept.relation,
  count(*) as rows_changed,
  sum(kept.newest) as versions,
  sum(kept.versions) as versions_kept,
  sum(kept.newest - kept.versions) as missing
from (
  select 'market.price_data' as relation, max(version.version) as newest, count(*) as versions
  from market.price_data_version as version
  where version.recorded_at <= :'as_of'::timestamptz
    and (version.instrument_id, version.bar_interval, version.ts) in (
      select closed.instrument_id, closed.bar_interval, closed.ts from market.price_data_history as closed where closed.closed_at <= :'as_of'::timestamptz
    )
  group by version.instrument_id, version.bar_interval, version.ts
  union all
  select 'market.company_fundamental', max(version.version), count(*)
  from market.company_fundamental_version as version
  where version.recorded_at <= :'as_of'::timestamptz
    and (version.instrument_id, version.taxonomy, version.concept, version.unit, version.period_start, version.period_end) in (
      select closed.instrument_id, closed.taxonomy, closed.concept, closed.unit, closed.period_start, closed.period_end
      from market.company_fundamental_history as closed
      where closed.closed_at <= :'as_of'::timestamptz
    )
  group by version.instrument_id, version.taxonomy, version.concept, version.unit, version.period_start, version.period_end
  union all
  select 'market.corporate_action', max(version.version), count(*)
  from market.corporate_action_version as version
  where version.recorded_at <= :'as_of'::timestamptz
    and (version.instrument_id, version.action_type, version.ex_date) in (
      select closed.instrument_id, closed.action_type, closed.ex_date from market.corporate_action_history as closed where closed.closed_at <= :'as_of'::timestamptz
    )
  group by version.instrument_id, version.action_type, version.ex_date
) as kept
group by kept.relation
order by kept.relation;

\echo '# 5. The last changes, and the record as it was before (report corrections has both sides)'
select
  to_char(change.at, 'YYYY-MM-DD HH24:MI:SS') as changed,
  quality.report_text(change.by, 17) as by,
  change.relation,
  quality.report_text(change.record, 46) as record_before
from (
  (
    select closed.closed_at as at, run.actor as by, 'market.price_data' as relation,
      format('%s %s v%s: %s %s %s %s, %s', instrument.symbol, closed.session_date, closed.version, closed.open, closed.high, closed.low, closed.close, closed.volume)
        as record
    from market.price_data_history as closed
    join market.instruments_as_of(:'as_of') as instrument using (instrument_id)
    left join market.price_data_version as next
      on next.instrument_id = closed.instrument_id and next.bar_interval = closed.bar_interval and next.ts = closed.ts and next.version = closed.version + 1
    left join pipeline.pipeline_run as run on run.run_id = next.run_id
    where closed.closed_at <= :'as_of'::timestamptz
      and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
    order by closed.closed_at desc, instrument.symbol, closed.bar_interval, closed.ts desc, closed.version desc
    limit :lines
  )
  union all
  (
    select closed.closed_at, run.actor, 'market.company_fundamental',
      format('%s %s %s v%s: %s', instrument.symbol, closed.period_end, closed.concept, closed.version, trim_scale(closed.value))
    from market.company_fundamental_history as closed
    join market.instruments_as_of(:'as_of') as instrument using (instrument_id)
    left join market.company_fundamental_version as next
      on next.instrument_id = closed.instrument_id and next.taxonomy = closed.taxonomy and next.concept = closed.concept and next.unit = closed.unit
      and next.period_start = closed.period_start and next.period_end = closed.period_end and next.version = closed.version + 1
    left join pipeline.pipeline_run as run on run.run_id = next.run_id
    where closed.closed_at <= :'as_of'::timestamptz
      and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
    order by closed.closed_at desc, instrument.symbol, closed.concept, closed.period_end desc, closed.unit, closed.taxonomy, closed.period_start,
      closed.version desc
    limit :lines
  )
  union all
  (
    select closed.closed_at, run.actor, 'market.corporate_action',
      format('%s %s %s v%s: %s', instrument.symbol, closed.ex_date, closed.action_type, closed.version, trim_scale(closed.amount))
    from market.corporate_action_history as closed
    join market.instruments_as_of(:'as_of') as instrument using (instrument_id)
    left join market.corporate_action_version as next
      on next.instrument_id = closed.instrument_id and next.action_type = closed.action_type and next.ex_date = closed.ex_date
      and next.version = closed.version + 1
    left join pipeline.pipeline_run as run on run.run_id = next.run_id
    where closed.closed_at <= :'as_of'::timestamptz
      and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
    order by closed.closed_at desc, instrument.symbol, closed.ex_date desc, closed.action_type, closed.version desc
    limit :lines
  )
  union all
  (
    select change.changed_at, change.changed_by, change.relation, change.row::text
    from lineage.row_change as change
    where change.operation <> 'insert' and change.changed_at <= :'as_of'::timestamptz
      and change.changed_at >= :'from_date'::date and change.changed_at < :'to_date'::date + interval '1 day'
    order by change.changed_at desc, change.row_change_id desc
    limit :lines
  )
) as change
order by change.at desc, change.relation, change.record
limit :lines;

\echo '# 6. Originals: the bodies as they were fetched, by year; the bytes of the newest are hashed again'
select
  extract(year from response.fetched_at)::integer as year,
  count(*) as bodies,
  sum(response.byte_count) as bytes,
  count(distinct response.sha256) as different,
  to_char(min(response.fetched_at), 'YYYY-MM-DD HH24:MI:SS') as first_fetched,
  to_char(max(response.fetched_at), 'YYYY-MM-DD HH24:MI:SS') as last_fetched
from ingest.raw_response as response
where response.recorded_at <= :'as_of'::timestamptz
group by 1
order by 1 desc
limit :lines;

select
  count(*) as bodies,
  sum(length(newest.body)) as bytes,
  count(*) filter (where encode(sha256(newest.body), 'hex') = newest.sha256) as same_hash,
  count(*) filter (where encode(sha256(newest.body), 'hex') <> newest.sha256) as other_hash
from (
  select response.body, response.sha256
  from ingest.raw_response as response
  where response.recorded_at <= :'as_of'::timestamptz and response.body is not null
  order by response.raw_response_id desc
  limit :lines
) as newest;

\ir common/end.sql
