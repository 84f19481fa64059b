-- Counts series of predictions.
create or replace function quality.population_prediction_series(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select prediction.instrument_id, count(distinct prediction.model_training_run_id), min(prediction.ts), max(prediction.ts)
  from ml.model_prediction as prediction
  where prediction.instrument_id = any (p_instrument_ids) and prediction.is_out_of_sample and prediction.ts between p_from and p_to
  group by prediction.instrument_id;
end;

comment on function quality.population_prediction_series(bigint[], timestamptz, timestamptz) is
'Trainings of which each instrument has out-of-sample predictions from p_from to p_to; see quality.prediction_series.';

revoke all on function quality.population_prediction_series(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_prediction_series(bigint[], timestamptz, timestamptz) to marketbase_worker;
