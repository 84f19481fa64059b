-- The predictions of each training for each instrument, as one series.
create or replace function quality.prediction_series(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns table (
  instrument_id bigint,
  model_training_run_id bigint,
  ts timestamptz,
  predictions double precision[],
  outcome_count bigint,
  mean_error double precision,
  mean_error_deviation double precision,
  slope double precision,
  slope_deviation double precision
)
language sql
stable
parallel safe
begin atomic
  select
    series.instrument_id, series.model_training_run_id, series.ts, series.predictions, series.outcomes,
    series.mean_error, series.error_deviation / sqrt(series.outcomes), series.slope,
    sqrt(greatest(series.outcome_squares / nullif(series.prediction_squares, 0) - series.slope ^ 2, 0) / nullif(series.outcomes - 2, 0))
  from (
    select
      prediction.instrument_id, prediction.model_training_run_id, max(prediction.ts) as ts,
      array_agg(prediction.predicted order by prediction.ts) as predictions,
      count(prediction.outcome) as outcomes,
      avg(prediction.outcome - prediction.predicted) as mean_error,
      stddev_samp(prediction.outcome - prediction.predicted) as error_deviation,
      regr_slope(prediction.outcome, prediction.predicted) as slope,
      regr_syy(prediction.outcome, prediction.predicted) as outcome_squares,
      regr_sxx(prediction.outcome, prediction.predicted) as prediction_squares
    from ml.model_prediction as prediction
    where prediction.instrument_id = any (p_instrument_ids)
      and prediction.is_out_of_sample
      and prediction.ts <= p_to
      and abs(prediction.predicted) < 'infinity' and abs(coalesce(prediction.outcome, 0)) < 'infinity'
    group by prediction.instrument_id, prediction.model_training_run_id
  ) as series
  where series.ts >= p_from;
end;

comment on function quality.prediction_series(bigint[], timestamptz, timestamptz) is
'The finite out-of-sample predictions up to p_to of each training for each instrument that has one from p_from on: in order of time, with how many outcomes are known, the mean of outcome - prediction, the slope of the regression of outcome on prediction (Mincer and Zarnowitz, 1969: 0 and 1 for a calibrated model), and the standard deviation of both estimates, for errors that do not depend on each other.';

revoke all on function quality.prediction_series(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.prediction_series(bigint[], timestamptz, timestamptz) to marketbase_worker;
