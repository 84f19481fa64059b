-- A model predicts now what it used to predict.
create or replace function quality.rule_prediction_score_drift(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    series.instrument_id,
    series.ts,
    jsonb_build_object('model_training_run_id', series.model_training_run_id),
    jsonb_build_object('psi', drift.psi, 'baseline', series.baseline, 'recent', window_of.bars),
    'a population stability index below the threshold',
    format(
      'Training %s: the last %s predictions are distributed otherwise than the %s before them, population stability index %s.',
      series.model_training_run_id, window_of.bars, series.baseline, to_char(drift.psi, 'FM990.00')
    )
  from (select (p_parameters ->> 'recent')::integer as bars, (p_parameters ->> 'min_baseline')::integer as least_baseline) as window_of
  cross join lateral (
    select one.instrument_id, one.model_training_run_id, one.ts, one.predictions, cardinality(one.predictions) - window_of.bars as baseline
    from quality.prediction_series(p_instrument_ids, p_from, p_to) as one
  ) as series
  cross join lateral (
    select feature.psi(series.predictions[:series.baseline], series.predictions[series.baseline + 1:]) as psi
    where series.baseline >= window_of.least_baseline
  ) as drift
  where drift.psi > (p_parameters ->> 'psi')::double precision;
end;

comment on function quality.rule_prediction_score_drift(bigint[], timestamptz, timestamptz, jsonb) is
'Trainings whose recent newest out-of-sample predictions for an instrument (quality.prediction_series) are distributed otherwise than those before them, of which there must be min_baseline: feature.psi over tenths of the earlier ones above the parameter psi (0.25 is the usual line between a moderate and a large shift).';

revoke all on function quality.rule_prediction_score_drift(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_score_drift(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_score_drift', 'model_prediction', 'predictions', 'info', '{"recent": 250, "min_baseline": 500, "psi": 0.25}',
  'A model predicts otherwise than it used to: what it sees has changed.',
  'Look at the drift of its features (marketbase features drift); train the model again if they have moved for good.',
  'prediction_series'
);
