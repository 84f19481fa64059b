-- The features of a set are distributed as they were.
create or replace function quality.rule_feature_drift(p_set text, p_parameters jsonb)
returns quality.set_verdict
language sql
stable
parallel safe
return quality.drift_verdict(p_set, p_parameters, 'fail');

comment on function quality.rule_feature_drift(text, jsonb) is
'Features of p_set at level fail in feature.drift; p_parameters as in quality.drift_verdict.';

revoke all on function quality.rule_feature_drift(text, jsonb) from public;
grant execute on function quality.rule_feature_drift(text, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_drift', 'feature_set', 'features', 'error', '{"baseline_days": 365, "current_days": 30, "max_vectors": 10000, "thresholds": {}}',
  'A feature is distributed differently than in the baseline window, is missing far more often or is no longer computed: a model that was trained on the baseline meets data that it has not seen.',
  'Look at feature.profile of both windows and at the bars beneath; train the model again where the market has moved, correct the data where it is wrong.'
);
