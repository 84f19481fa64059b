-- A prediction used only what was known at its decision.
create or replace function quality.rule_prediction_point_in_time(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
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
    jsonb_build_object(
      'decision_time', prediction.decision_time, 'feature_revision', prediction.feature_revision, 'features_known_from', used.known_from
    ),
    'features known at or before the decision',
    case
      when used.known_from is null
        then format('The features of prediction %s, revision %s, are not stored.', prediction.model_prediction_id, prediction.feature_revision)
      else format(
        'The features of prediction %s could be known from %s UTC, after the decision at %s UTC.',
        prediction.model_prediction_id,
        to_char(used.known_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
        to_char(prediction.decision_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
      )
    end
  from ml.model_prediction as prediction
  left join feature.feature_vector as vector
    on vector.instrument_id = prediction.instrument_id
    and vector.feature_set_version_id = prediction.feature_set_version_id
    and vector.ts = prediction.ts
    and vector.revision = prediction.feature_revision
  left join feature.feature_vector_history as closed
    on closed.instrument_id = prediction.instrument_id
    and closed.feature_set_version_id = prediction.feature_set_version_id
    and closed.ts = prediction.ts
    and closed.revision = prediction.feature_revision
  cross join lateral (select coalesce(vector.known_from, closed.known_from) as known_from) as used
  where prediction.instrument_id = any (p_instrument_ids)
    and prediction.ts between p_from and p_to
    and (used.known_from <= prediction.decision_time) is not true;
end;

comment on function quality.rule_prediction_point_in_time(bigint[], timestamptz, timestamptz, jsonb) is
'Predictions whose feature vector, in the revision that was used, is not there or could only be known after decision_time. p_parameters is not used.';

revoke all on function quality.rule_prediction_point_in_time(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_point_in_time(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_point_in_time', 'model_prediction', 'predictions', 'error', '{}',
  'A prediction looked ahead: it used a value that was not yet known at its moment of decision.',
  'Predict again with the features of that moment; until then the figures of the model are too good.'
);
