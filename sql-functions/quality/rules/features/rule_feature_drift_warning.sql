-- The features of a set are not about to be distributed differently.
create or replace function quality.rule_feature_drift_warning(p_set text, p_parameters jsonb)
returns quality.set_verdict
language sql
stable
parallel safe
return quality.drift_verdict(p_set, p_parameters, 'warn');

comment on function quality.rule_feature_drift_warning(text, jsonb) is
'Features of p_set at level warn in feature.drift; p_parameters as in quality.drift_verdict.';

revoke all on function quality.rule_feature_drift_warning(text, jsonb) from public;
grant execute on function quality.rule_feature_drift_warning(text, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_drift_warning', 'feature_set', 'features', 'warning', '{"baseline_days": 365, "current_days": 30, "max_vectors": 10000, "thresholds": {}}',
  'A feature is distributed somewhat differently than in the baseline window, or has more nulls, or lacks the last session.',
  'Watch it: compare feature.drift of the last weeks.'
);
