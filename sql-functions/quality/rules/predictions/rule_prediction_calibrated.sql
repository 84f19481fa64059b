-- Predictions are right on average, and as bold as they may be.
create or replace function quality.rule_prediction_calibrated(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
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
    jsonb_build_object(
      'outcomes', series.outcome_count, 'mean_error', series.mean_error, 'mean_error_deviation', series.mean_error_deviation,
      'slope', series.slope, 'slope_deviation', series.slope_deviation
    ),
    'a mean error of 0 and a slope of 1',
    format(
      'Training %s: over %s outcomes the mean error is %s (%s deviations from 0), the slope of outcomes on predictions %s (%s deviations from 1).',
      series.model_training_run_id, series.outcome_count, to_char(series.mean_error, 'FM0.000000'), to_char(distance.error, 'FM990.0'),
      to_char(series.slope, 'FM990.00'), to_char(distance.slope, 'FM990.0')
    )
  from quality.prediction_series(p_instrument_ids, p_from, p_to) as series
  cross join lateral (
    select
      abs(series.mean_error) / nullif(series.mean_error_deviation, 0) as error,
      abs(series.slope - 1) / nullif(series.slope_deviation, 0) as slope
  ) as distance
  where series.outcome_count >= (p_parameters ->> 'min_outcomes')::bigint
    and greatest(distance.error, distance.slope) > (p_parameters ->> 'deviations')::double precision;
end;

comment on function quality.rule_prediction_calibrated(bigint[], timestamptz, timestamptz, jsonb) is
'Trainings whose out-of-sample predictions for an instrument (quality.prediction_series, with min_outcomes outcomes or more) are off on average, or whose regression of outcome on prediction has a slope other than 1, by more than the parameter deviations of the estimate. Predictions that do not vary have no slope.';

revoke all on function quality.rule_prediction_calibrated(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_calibrated(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_calibrated', 'model_prediction', 'predictions', 'warning', '{"min_outcomes": 100, "deviations": 4}',
  'A model is wrong on average, or its predictions are bolder or more timid than what came true.',
  'Train the model again; a slope far below 1 says that it fits noise: raise its penalty. ml.prediction_score has its other figures.',
  'prediction_series'
);
