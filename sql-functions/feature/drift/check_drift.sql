-- Measures the drift of a set and stores what is beyond the thresholds.
create or replace function feature.check_drift(
  p_run_id bigint,
  p_set text,
  p_baseline_from timestamptz default null,
  p_baseline_to timestamptz default null,
  p_current_from timestamptz default null,
  p_current_to timestamptz default null,
  p_thresholds jsonb default '{}'
) returns setof quality.validation_result
language sql volatile parallel unsafe
begin atomic
  -- The row as a whole: it may get more columns.
  select result
  from quality.validate_set(
    p_run_id, p_set, array['feature_drift', 'feature_drift_warning'],
    jsonb_strip_nulls(jsonb_build_object(
      'baseline_from', p_baseline_from, 'baseline_to', p_baseline_to, 'current_from', p_current_from, 'current_to', p_current_to
    )) || jsonb_build_object('thresholds', coalesce(p_thresholds, '{}'))
  ) as result;
end;

comment on function feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb) is
'Measures the features of p_set with feature.drift and stores two results in the run p_run_id: rule feature_drift with the features at level fail, rule feature_drift_warning with those at level warn; each with a finding per feature that has all its figures. Windows that are NULL: the last 30 days before the last vector, and the 365 days before those. p_thresholds: see feature.drift.
Errors: MB001 for an unknown run and those of feature.drift, MB003 for an unknown set.';

revoke all on function feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb) from public;
grant execute on function feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb) to marketbase_worker;
