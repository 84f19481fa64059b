-- What came in, what was checked, refused, corrected and computed, and by which versions of which rules: as of a moment.
--
--   psql "$URL" -X -f db/reports/compliance.sql                       as of now
--   psql "$URL" -X -v as_of=2026-01-01 -f db/reports/compliance.sql   as of then (UTC, unless the value names a zone)
--   psql "$URL" -X -v lines=1000 -f db/reports/compliance.sql         up to 1000 lines in each list, instead of 40
--
-- The same moment gives the same bytes, whatever has arrived since. marketbase report compliance prints them where there is no psql.
\set ON_ERROR_STOP on
\set report 'compliance'
\set title 'what came in, was checked, refused, corrected and computed'
\set takes 'as_of lines'
\ir common/begin.sql
\ir common/lists.sql

\echo '# 1. What came in, from where'
select
  response.provider,
  response.dataset,
  count(distinct response.subject) as subjects,
  count(*) as bodies,
  sum(response.byte_count) as bytes,
  to_char(min(response.fetched_at), 'YYYY-MM-DD HH24:MI') as first_fetched,
  to_char(max(response.fetched_at), 'YYYY-MM-DD HH24:MI') as last_fetched
from ingest.raw_response as response
where response.recorded_at <= :'as_of'::timestamptz
group by response.provider, response.dataset
order by response.provider, response.dataset;

\echo '# 2. The bodies, newest first'
select
  to_char(response.fetched_at, 'YYYY-MM-DD HH24:MI') as fetched,
  quality.report_text(format('%s %s %s', response.provider, response.dataset, response.subject), 30) as what,
  response.sha256
from ingest.raw_response as response
where response.recorded_at <= :'as_of'::timestamptz
order by response.fetched_at desc, response.raw_response_id desc
limit :lines;

\echo '# 3. What became of them, by normaliser'
select
  normalisation.normaliser,
  normalisation.normaliser_version as version,
  count(*) as bodies,
  count(*) filter (where normalisation.outcome = 'refused') as refused,
  sum(normalisation.row_count) as rows,
  sum(normalisation.accepted_count) as accepted,
  sum(normalisation.changed_count) as changed,
  sum(normalisation.quarantined_count) as quarantined
from ingest.normalisation as normalisation
where normalisation.recorded_at <= :'as_of'::timestamptz
group by normalisation.normaliser, normalisation.normaliser_version
order by normalisation.normaliser, normalisation.normaliser_version;

\echo '# 4. Bodies that could not be read, newest first'
select
  to_char(normalisation.recorded_at, 'YYYY-MM-DD HH24:MI') as refused,
  quality.report_text(format('%s %s %s', response.provider, response.dataset, response.subject), 26) as what,
  normalisation.error_code as code,
  quality.report_text(normalisation.message, 60) as why
from ingest.normalisation as normalisation
join ingest.raw_response as response on response.raw_response_id = normalisation.raw_response_id
where normalisation.outcome = 'refused' and normalisation.recorded_at <= :'as_of'::timestamptz
order by normalisation.recorded_at desc, normalisation.raw_response_id desc, normalisation.normaliser, normalisation.normaliser_version
limit :lines;

\echo '# 5. What is stored: rows that counted at that moment, and earlier versions that were closed until then'
with version (relation, recorded_at, closed_at) as (
  select 'market.price_data', recorded_at, null::timestamptz from market.price_data
  union all
  select 'market.price_data', recorded_at, closed_at from market.price_data_history
  union all
  select 'market.corporate_action', recorded_at, null from market.corporate_action
  union all
  select 'market.corporate_action', recorded_at, closed_at from market.corporate_action_history
  union all
  select 'market.company_fundamental', recorded_at, null from market.company_fundamental
  union all
  select 'market.company_fundamental', recorded_at, closed_at from market.company_fundamental_history
  union all
  select 'feature.feature_vector', recorded_at, null from feature.feature_vector
  union all
  select 'feature.feature_vector', recorded_at, closed_at from feature.feature_vector_history
  union all
  select 'ingest.raw_response', recorded_at, null from ingest.raw_response
  union all
  select 'ingest.quarantine', recorded_at, null from ingest.quarantine
  union all
  select 'quality.validation_result', recorded_at, null from quality.validation_result
  union all
  select 'quality.validation_finding', recorded_at, null from quality.validation_finding
  union all
  select 'lineage.data_lineage', recorded_at, null from lineage.data_lineage
  union all
  select 'portfolio.trade', recorded_at, null from portfolio.trade
  union all
  select 'portfolio.portfolio_optimization', recorded_at, null from portfolio.portfolio_optimization
  union all
  select 'ml.training_set', recorded_at, null from ml.training_set
  union all
  select 'ml.model_training_run', finished_at, null from ml.model_training_run
  union all
  select 'ml.model_prediction', recorded_at, null from ml.model_prediction
  union all
  select 'search.document', recorded_at, null from search.document
  union all
  select 'search.document_embedding', recorded_at, null from search.document_embedding
)
select
  version.relation,
  count(*) filter (where version.closed_at is null or version.closed_at > :'as_of'::timestamptz) as rows,
  count(*) filter (where version.closed_at <= :'as_of'::timestamptz) as closed_versions,
  to_char(max(version.recorded_at), 'YYYY-MM-DD HH24:MI:SS') as last_recorded
from version
where version.recorded_at <= :'as_of'::timestamptz
group by version.relation
order by version.relation;

\echo '# 6. Rules in force'
select
  rule.rule,
  rule.version,
  rule.dataset,
  rule.severity,
  to_char(latest.in_force_from, 'YYYY-MM-DD HH24:MI:SS') as in_force_from
from (
  select distinct on (activation.rule) activation.rule, activation.version, activation.in_force_from
  from quality.rule_activation as activation
  where activation.in_force_from <= :'as_of'::timestamptz
  order by activation.rule, activation.in_force_from desc
) as latest
join quality.validation_rule as rule on rule.rule = latest.rule and rule.version = latest.version
order by rule.dataset, rule.rule;

\echo '# 7. Checks that were made: how often each version of a rule passed and failed'
select
  result.rule,
  result.rule_version as version,
  result.severity,
  count(*) filter (where result.status = 'passed') as passed,
  count(*) filter (where result.status = 'warned') as warned,
  count(*) filter (where result.status = 'failed') as failed,
  count(*) filter (where result.status = 'not_applicable') as no_rows,
  sum(result.checked_count) as rows,
  sum(result.failed_count) as rows_failed
from quality.validation_result as result
where result.recorded_at <= :'as_of'::timestamptz
group by result.rule, result.rule_version, result.severity
order by result.rule, result.rule_version, result.severity;

\echo '# 8. Failures: what the last check of stored data by each rule found, the gravest first; how many are acknowledged'
select
  failure.severity,
  failure.rule,
  instrument.symbol,
  failure.failed_count as rows,
  coalesce(suppressed.findings, 0) as acknowledged,
  quality.report_text(sample.message, 41) as first_finding
from (
  select distinct on (result.rule, result.instrument_id) result.*
  from quality.validation_result as result
  where result.raw_response_id is null and result.recorded_at <= :'as_of'::timestamptz
  order by result.rule, result.instrument_id, result.validation_result_id desc
) as failure
left join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = failure.instrument_id
left join (
  select followed.rule, followed.instrument_id, count(*) as findings
  from quality.findings_as_of(:'as_of') as followed
  where followed.state = 'acknowledged' and followed.provider is null
  group by followed.rule, followed.instrument_id
) as suppressed on suppressed.rule = failure.rule and coalesce(suppressed.instrument_id, 0) = coalesce(failure.instrument_id, 0)
left join lateral (
  select finding.message
  from quality.validation_finding as finding
  where finding.validation_result_id = failure.validation_result_id
  order by finding.validation_finding_id
  limit 1
) as sample on true
where failure.status in ('failed', 'warned')
order by
  array_position(array['critical', 'error', 'warning', 'info'], failure.severity),
  failure.rule, failure.failed_count desc, instrument.symbol
limit :lines;

\echo '# 9. Quarantine: rows that failed a critical rule and were not stored'
select
  rule.name as rule,
  quarantine.dataset,
  count(*) as rows,
  count(distinct quarantine.raw_response_id) as bodies,
  count(distinct quarantine.symbol) as symbols,
  to_char(min(quarantine.ts), 'YYYY-MM-DD') as first_bar,
  to_char(max(quarantine.ts), 'YYYY-MM-DD') as last_bar
from ingest.quarantine as quarantine
cross join lateral unnest(quarantine.rules) as rule (name)
where quarantine.recorded_at <= :'as_of'::timestamptz
group by rule.name, quarantine.dataset
order by rule.name, quarantine.dataset;

\echo '# 10. Quarantined rows, newest first'
select
  to_char(quarantine.recorded_at, 'YYYY-MM-DD HH24:MI') as refused,
  quality.report_text(quarantine.symbol, 12) as symbol,
  to_char(quarantine.ts, 'YYYY-MM-DD') as bar,
  quarantine.row_no as row,
  quality.report_text(quarantine.reason, 60) as why
from ingest.quarantine as quarantine
where quarantine.recorded_at <= :'as_of'::timestamptz
order by quarantine.recorded_at desc, quarantine.raw_response_id, quarantine.dataset, quarantine.row_no
limit :lines;

\echo '# 11. Corrections: versions that were closed, the last ones first'
select
  closed.relation,
  instrument.symbol,
  count(*) as versions,
  min(closed.day) as first_day,
  max(closed.day) as last_day,
  to_char(max(closed.closed_at), 'YYYY-MM-DD HH24:MI:SS') as last_closed
from (
  select 'market.price_data' as relation, instrument_id, session_date as day, closed_at from market.price_data_history
  union all
  select 'market.corporate_action', instrument_id, ex_date, closed_at from market.corporate_action_history
  union all
  select 'market.company_fundamental', instrument_id, period_end, closed_at from market.company_fundamental_history
  union all
  select 'feature.feature_vector', instrument_id, (ts at time zone 'UTC')::date, closed_at from feature.feature_vector_history
) as closed
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = closed.instrument_id
where closed.closed_at <= :'as_of'::timestamptz
group by closed.relation, instrument.symbol
order by max(closed.closed_at) desc, closed.relation, instrument.symbol
limit :lines;

\echo '# 12. Feature sets in force'
select
  feature_set.name as feature_set,
  version.version,
  cardinality(version.feature_names) as features,
  version.lookback,
  to_char(version.in_force_from, 'YYYY-MM-DD HH24:MI:SS') as in_force_from
from feature.feature_set_version as version
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
where version.in_force_from <= :'as_of'::timestamptz
  and (version.in_force_to is null or version.in_force_to > :'as_of'::timestamptz)
order by feature_set.name;

\echo '# 13. Trainings, newest first: which data'
select
  training.model_training_run_id as training,
  model.name as model,
  to_char(training.finished_at, 'YYYY-MM-DD') as finished,
  training_set.row_count as rows,
  training.data_hash
from ml.model_training_run as training
join ml.model as model on model.model_id = training.model_id
join ml.training_set as training_set on training_set.training_set_id = training.training_set_id
where training.finished_at <= :'as_of'::timestamptz
order by training.finished_at desc, training.model_training_run_id desc
limit :lines;

\echo '# 14. Trainings, newest first: which code, and what came of it'
select
  training.model_training_run_id as training,
  training.code_version,
  feature_set.name || '@' || feature_version.version as features,
  round((training.metrics_in_sample ->> 'r2')::numeric, 4) as r2_in,
  round((training.metrics_out_of_sample ->> 'r2')::numeric, 4) as r2_out,
  round((training.metrics_out_of_sample ->> 'hit_rate')::numeric, 4) as hit_rate_out,
  (
    select count(*)
    from ml.model_prediction as prediction
    where prediction.model_training_run_id = training.model_training_run_id and prediction.recorded_at <= :'as_of'::timestamptz
  ) as predictions
from ml.model_training_run as training
join ml.training_set as training_set on training_set.training_set_id = training.training_set_id
join feature.feature_set_version as feature_version on feature_version.feature_set_version_id = training_set.feature_set_version_id
join feature.feature_set as feature_set on feature_set.feature_set_id = feature_version.feature_set_id
where training.finished_at <= :'as_of'::timestamptz
order by training.finished_at desc, training.model_training_run_id desc
limit :lines;

\echo '# 15. Lineage: rows that counted at that moment, and whether an edge of their run says what they were made from'
with made as (
  select 'market.price_data' as relation, run_id, instrument_id, ts, recorded_at, null::timestamptz as closed_at from market.price_data
  union all
  select 'market.price_data', run_id, instrument_id, ts, recorded_at, closed_at from market.price_data_history
  union all
  select 'feature.feature_vector', run_id, instrument_id, ts, recorded_at, null from feature.feature_vector
  union all
  select 'feature.feature_vector', run_id, instrument_id, ts, recorded_at, closed_at from feature.feature_vector_history
  union all
  select 'ml.model_prediction', run_id, instrument_id, ts, recorded_at, null from ml.model_prediction
),
counted as (
  select
    made.relation, made.run_id,
    exists (
      select
      from lineage.data_lineage as edge
      where edge.target_relation = made.relation
        and edge.target_instrument_id = made.instrument_id
        and edge.run_id = made.run_id
        and made.ts between edge.target_from and edge.target_to
    ) as has_edge
  from made
  where made.recorded_at <= :'as_of'::timestamptz
    and (made.closed_at is null or made.closed_at > :'as_of'::timestamptz)
)
select
  counted.relation,
  count(*) as rows,
  count(distinct counted.run_id) as runs,
  count(*) filter (where counted.has_edge) as with_lineage,
  count(*) filter (where not counted.has_edge) as without_lineage
from counted
group by counted.relation
order by counted.relation;

\set acknowledged '# 16. Acknowledged: findings that are still wrong and that somebody has said may stay, the gravest first'
\set incidents '# 17. Known incidents: data that was known to be bad at that moment, and the findings that they had masked'
\set masked '# 18. Masked: rows that the last check of stored data by each rule did not judge because of a known incident'
\ir common/suppressed.sql
\ir common/end.sql
