-- Counts predictions.
create or replace function quality.population_model_prediction(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select prediction.instrument_id, count(*), min(prediction.ts), max(prediction.ts)
  from ml.model_prediction as prediction
  where prediction.instrument_id = any (p_instrument_ids) and prediction.ts between p_from and p_to
  group by prediction.instrument_id;
end;

comment on function quality.population_model_prediction(bigint[], timestamptz, timestamptz) is
'Predictions of each instrument from p_from to p_to, of all trainings.';

revoke all on function quality.population_model_prediction(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_model_prediction(bigint[], timestamptz, timestamptz) to marketbase_worker;
