-- Models and features: versions, training sets and their hashes, metrics, and who depends on whom.
--
--   psql "$URL" -X -f db/reports/inventory.sql                       as of now
--   psql "$URL" -X -v as_of=2026-01-01 -f db/reports/inventory.sql   as of then
\set ON_ERROR_STOP on
\set report 'inventory'
\set title 'inventory of models and features'
\set takes 'as_of lines'
\ir common/begin.sql
\ir common/lists.sql

\echo '# 1. Models'
select
  model.name as model,
  model.algorithm,
  model.label,
  feature_set.name as features,
  count(training.model_training_run_id) as trainings,
  to_char(max(training.finished_at), 'YYYY-MM-DD HH24:MI:SS') as last_trained,
  (
    select count(*)
    from ml.model_prediction as prediction
    join ml.model_training_run as trained on trained.model_training_run_id = prediction.model_training_run_id
    where trained.model_id = model.model_id and prediction.recorded_at <= :'as_of'::timestamptz
  ) as predictions
from ml.models_as_of(:'as_of') as model
join feature.feature_set as feature_set on feature_set.feature_set_id = model.feature_set_id
left join ml.model_training_run as training on training.model_id = model.model_id and training.finished_at <= :'as_of'::timestamptz
group by model.model_id, model.name, model.algorithm, model.label, feature_set.name
order by model.name
limit :lines;

\echo '# 2. Trainings, newest first: what came of them, in sample and on later data'
-- chart: bars of r2_in, r2_out over training
select
  training.model_training_run_id as training,
  model.name as model,
  to_char(training.finished_at, 'YYYY-MM-DD HH24:MI') as finished,
  training.code_version,
  round((training.metrics_in_sample ->> 'r2')::numeric, 4) as r2_in,
  round((training.metrics_out_of_sample ->> 'r2')::numeric, 4) as r2_out,
  round((training.metrics_out_of_sample ->> 'information_coefficient')::numeric, 4) as ic_out,
  round((training.metrics_out_of_sample ->> 'hit_rate')::numeric, 4) as hits_out,
  round((training.metrics_out_of_sample ->> 'rmse')::numeric, 5) as rmse_out
from ml.model_training_run as training
join ml.model as model on model.model_id = training.model_id
where training.finished_at <= :'as_of'::timestamptz
order by training.finished_at desc, training.model_training_run_id desc
limit :lines;

\echo '# 3. Trainings, newest first: with which parameters, on which sessions'
select
  training.model_training_run_id as training,
  training.training_set_id as training_set,
  quality.report_text(training.parameters::text, 40) as parameters,
  (training.trained_from at time zone 'UTC')::date as trained_from,
  (training.trained_to at time zone 'UTC')::date as trained_to,
  (training.out_of_sample_from at time zone 'UTC')::date as tested_from,
  cardinality(training.coefficients) as coefficients
from ml.model_training_run as training
where training.finished_at <= :'as_of'::timestamptz
order by training.finished_at desc, training.model_training_run_id desc
limit :lines;

\echo '# 4. Training sets, newest first: the hash of their rows (marketbase replay computes it again)'
select
  made.training_set_id as set,
  made.row_count as rows,
  cardinality(made.instrument_ids) as instruments,
  to_char(made.known_at, 'YYYY-MM-DD HH24:MI') as known_at,
  made.data_hash
from ml.training_set as made
where made.recorded_at <= :'as_of'::timestamptz
order by made.recorded_at desc, made.training_set_id desc
limit :lines;

select
  made.training_set_id as set,
  feature_set.name || '@' || version.version as features,
  (made.from_ts at time zone 'UTC')::date as first_day,
  (made.to_ts at time zone 'UTC')::date as last_day,
  quality.report_text(made.left_out::text, 54) as left_out
from ml.training_set as made
join feature.feature_set_version as version on version.feature_set_version_id = made.feature_set_version_id
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
where made.recorded_at <= :'as_of'::timestamptz
order by made.recorded_at desc, made.training_set_id desc
limit :lines;

\echo '# 5. Feature sets in force: their versions, what is stored of them, and who depends on them'
-- chart: bars of vectors over feature_set
select
  feature_set.name as feature_set,
  version.version,
  cardinality(version.feature_names) as features,
  version.lookback,
  (select count(*) from jsonb_object_keys(version.kernels)) as kernels,
  to_char(version.in_force_from, 'YYYY-MM-DD HH24:MI:SS') as in_force_from,
  (
    select count(*)
    from feature.feature_vector_version as vector
    where vector.feature_set_version_id = version.feature_set_version_id
      and vector.recorded_at <= :'as_of'::timestamptz and vector.closed_at > :'as_of'::timestamptz
  ) as vectors,
  (
    select quality.report_text(string_agg(model.name, ', ' order by model.name), 30)
    from ml.models_as_of(:'as_of') as model
    where model.feature_set_id = feature_set.feature_set_id
  ) as models
from feature.feature_set_version as version
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
where version.in_force_from <= :'as_of'::timestamptz and (version.in_force_to is null or version.in_force_to > :'as_of'::timestamptz)
order by feature_set.name
limit :lines;

\echo '# 6. Earlier versions of feature sets of which values are kept, newest first'
select
  feature_set.name as feature_set,
  version.version,
  to_char(version.in_force_from, 'YYYY-MM-DD HH24:MI:SS') as in_force_from,
  to_char(version.in_force_to, 'YYYY-MM-DD HH24:MI:SS') as in_force_to,
  kept.vectors,
  (
    select count(*) from ml.training_set as made
    where made.feature_set_version_id = version.feature_set_version_id and made.recorded_at <= :'as_of'::timestamptz
  ) as training_sets
from feature.feature_set_version as version
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
cross join lateral (
  select count(*) as vectors
  from feature.feature_vector_version as vector
  where vector.feature_set_version_id = version.feature_set_version_id
    and vector.recorded_at <= :'as_of'::timestamptz and vector.closed_at > :'as_of'::timestamptz
) as kept
where version.in_force_to <= :'as_of'::timestamptz and kept.vectors > 0
order by version.in_force_to desc, feature_set.name, version.feature_set_version_id
limit :lines;

\echo '# 7. Which features of the current training weigh most, by model'
select
  latest.model,
  weight.feature,
  weight.coefficient,
  round((100 * abs(weight.coefficient) / nullif(sum(abs(weight.coefficient)) over (partition by latest.model), 0))::numeric, 2) as share_pct,
  quality.report_text(definition.expression, 50) as expression
from (
  select distinct on (training.model_id) model.name as model, training.*, made.feature_set_version_id
  from ml.model_training_run as training
  join ml.model as model on model.model_id = training.model_id
  join ml.training_set as made on made.training_set_id = training.training_set_id
  where training.finished_at <= :'as_of'::timestamptz
  order by training.model_id, training.finished_at desc, training.model_training_run_id desc
) as latest
cross join lateral unnest(latest.feature_names, latest.coefficients) as weight (feature, coefficient)
left join feature.feature_definition as definition
  on definition.feature_set_version_id = latest.feature_set_version_id and definition.name = weight.feature
order by latest.model, abs(weight.coefficient) desc, weight.feature
limit :lines;

\echo '# 8. Other models: value at risk, portfolio weights'
select
  calculated.model,
  calculated.settings,
  count(*) as results,
  min(calculated.day) as first_day,
  max(calculated.day) as last_day,
  to_char(max(calculated.recorded_at), 'YYYY-MM-DD HH24:MI:SS') as last_computed
from (
  select
    'value at risk, ' || method as model, format('%s, %s day, window %s', confidence, horizon_days, window_days) as settings,
    session_date as day, recorded_at
  from risk.var_calculations_as_of(:'as_of')
  union all
  select
    'weights, ' || optimisation.method, format('%s instruments, %s observations', cardinality(optimisation.instrument_ids), optimisation.observation_count),
    optimisation.to_date, optimisation.recorded_at
  from portfolio.portfolio_optimization as optimisation
  where optimisation.recorded_at <= :'as_of'::timestamptz
) as calculated
group by calculated.model, calculated.settings
order by calculated.model, calculated.settings
limit :lines;

\ir common/end.sql
