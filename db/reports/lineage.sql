-- Where one number comes from: the whole chain from a price, a feature value or a prediction to the sha256 of the bodies that were fetched.
--
--   psql "$URL" -X -v symbol=AAPL -f db/reports/lineage.sql                                               its last close
--   psql "$URL" -X -v symbol=AAPL -v date=2018-05-10 -v feature=qlib14.corr20 -f db/reports/lineage.sql   a value of a feature
--   psql "$URL" -X -v prediction=42 -f db/reports/lineage.sql                                             a prediction, by its number in ml.prediction
\set ON_ERROR_STOP on
\set report 'lineage'
\set title 'lineage of one number'
\set takes 'as_of symbol date feature prediction lines'
\ir common/begin.sql
select
  number.relation, coalesce(number.id::text, '') as id, number.instrument_id as traced_id, number.ts, number.name, number.value, number.version,
  number.known_from, number.recorded_at
from lineage.number_as_of(:instrument_id, nullif(:'date', '')::date, :'feature', :'prediction', :'as_of') as number \gset number_
\ir common/lists.sql

\echo '# 1. The number'
select
  instrument.symbol,
  (:'number_ts'::timestamptz at time zone 'UTC')::date as day,
  quality.report_text(:'number_name', 36) as what,
  quality.report_text(:'number_value', 24) as value,
  quality.report_text(:'number_version', 36) as version
from market.instruments_as_of(:'as_of') as instrument
where instrument.instrument_id = :number_traced_id;

select
  to_char(:'number_known_from'::timestamptz, 'YYYY-MM-DD HH24:MI:SS') as known_from,
  to_char(:'number_recorded_at'::timestamptz, 'YYYY-MM-DD HH24:MI:SS') as recorded,
  :'number_relation' as stored_in;

\echo '# 2. The chain: each line is followed by what it was made from'
select
  repeat('  ', step.depth) || step.relation as made_from,
  instrument.symbol,
  (step.from_ts at time zone 'UTC')::date as first_day,
  (step.to_ts at time zone 'UTC')::date as last_day,
  step.row_count as rows,
  quality.report_text(coalesce(step.version, step.transformation), 24) as version,
  step.run_id as run,
  case when step.relation = 'ingest.raw_response' then step.id end as body
from lineage.trace_as_of(
  :'number_relation', :'as_of', nullif(:'number_id', '')::bigint,
  (select symbol from market.instrument where instrument_id = :number_traced_id), :'number_ts'
) as step
left join market.instrument as current on current.symbol = step.symbol
left join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = current.instrument_id
order by step.position
limit :lines;

\echo '# 3. The bodies at its end, and whether the bytes that are kept still have that hash'
select
  body.raw_response_id as body,
  quality.report_text(format('%s %s', body.provider, body.dataset), 20) as what,
  body.sha256,
  case
    when body.body is not null then case when encode(sha256(body.body), 'hex') = body.sha256 then 'yes' else 'NO' end
    else 'in pieces'
  end as same
from (
  select distinct step.id
  from lineage.trace_as_of(
    :'number_relation', :'as_of', nullif(:'number_id', '')::bigint,
    (select symbol from market.instrument where instrument_id = :number_traced_id), :'number_ts'
  ) as step
  where step.relation = 'ingest.raw_response'
) as source
join ingest.raw_response as body on body.raw_response_id = source.id
order by body.raw_response_id
limit :lines;

select
  body.raw_response_id as body,
  to_char(body.fetched_at, 'YYYY-MM-DD HH24:MI:SS') as fetched,
  body.byte_count as bytes,
  quality.report_text(body.url, 74) as url
from (
  select distinct step.id
  from lineage.trace_as_of(
    :'number_relation', :'as_of', nullif(:'number_id', '')::bigint,
    (select symbol from market.instrument where instrument_id = :number_traced_id), :'number_ts'
  ) as step
  where step.relation = 'ingest.raw_response'
) as source
join ingest.raw_response as body on body.raw_response_id = source.id
order by body.raw_response_id
limit :lines;

\echo '# 4. The runs that did it: for whom, by which function in which version'
select
  run.run_id as run,
  quality.report_text(format('%s %s', run.flow, run.step), 20) as step,
  quality.report_text(run.actor, 17) as actor,
  to_char(run.queued_at, 'YYYY-MM-DD') as asked_for,
  quality.report_text(edge.transformation, 28) as function,
  quality.report_text(edge.transformation_version, 22) as version
from (
  select distinct step.run_id, step.relation, step.version
  from lineage.trace_as_of(
    :'number_relation', :'as_of', nullif(:'number_id', '')::bigint,
    (select symbol from market.instrument where instrument_id = :number_traced_id), :'number_ts'
  ) as step
) as source
join pipeline.pipeline_run as run on run.run_id = source.run_id
left join lateral (
  select distinct made.transformation, made.transformation_version
  from lineage.data_lineage as made
  where made.run_id = run.run_id and made.target_relation = source.relation and made.recorded_at <= :'as_of'::timestamptz
    and (source.relation <> 'feature.feature_vector' or made.transformation_version = source.version)
) as edge on true
order by run.run_id, edge.transformation, edge.transformation_version
limit :lines;

\echo '# 5. How it is computed, where it is a feature: its expression, and the kernels of its set by the hash of their bodies'
select
  definition.name as feature,
  quality.report_text(definition.expression, 100) as expression
from feature.feature_definition as definition
where :'number_relation' = 'feature.feature_vector'
  and definition.feature_set_version_id::text = :'number_id' and definition.name = split_part(:'feature', '.', 2)
order by definition.position;

select
  quality.report_text(kernel.name, 96) as kernel,
  kernel.hash as version
from feature.feature_set_version as made
cross join lateral jsonb_each_text(made.kernels) as kernel (name, hash)
where :'number_relation' = 'feature.feature_vector' and made.feature_set_version_id::text = :'number_id'
order by kernel.name
limit :lines;

\ir common/end.sql
