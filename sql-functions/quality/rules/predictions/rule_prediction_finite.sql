-- Predictions are numbers.
create or replace function quality.rule_prediction_finite(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    prediction.instrument_id,
    prediction.ts,
    jsonb_build_object('model_prediction_id', prediction.model_prediction_id),
    jsonb_build_object('predicted', prediction.predicted::text, 'outcome', prediction.outcome::text),
    'finite values',
    format('Prediction %s is %s, its outcome %s.', prediction.model_prediction_id, prediction.predicted, coalesce(prediction.outcome::text, 'not known'))
  from ml.model_prediction as prediction
  where prediction.instrument_id = any (p_instrument_ids)
    and prediction.ts between p_from and p_to
    and (
      prediction.predicted in ('NaN', 'Infinity', '-Infinity')
      or prediction.outcome in ('NaN', 'Infinity', '-Infinity')
    );
end;

comment on function quality.rule_prediction_finite(bigint[], timestamptz, timestamptz, jsonb) is
'Predictions that are infinite or not a number, or whose outcome is. p_parameters is not used.';

revoke all on function quality.rule_prediction_finite(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_finite(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_finite', 'model_prediction', 'predictions', 'error', '{}',
  'A model predicted something that is not a number: its coefficients or its features are not finite.',
  'Train the model again; look at the findings of feature_finite.'
);
