-- Joins what came to what was predicted.
create or replace function ml.join_outcomes(p_run_id bigint) returns bigint
language sql volatile parallel unsafe
begin atomic
  with predicted as (
    select feature_set.bar_interval, array_agg(distinct prediction.instrument_id) as instrument_ids
    from ml.model_prediction prediction
    join feature.feature_set_version version on version.feature_set_version_id = prediction.feature_set_version_id
    join feature.feature_set on feature_set.feature_set_id = version.feature_set_id
    group by feature_set.bar_interval
  ),
  outcome as (
    select predicted.bar_interval, bar.*
    from predicted
    cross join lateral ml.labels(predicted.instrument_ids, predicted.bar_interval) as bar
  ),
  joined as (
    update ml.model_prediction prediction
    set outcome = outcome.label, outcome_known_from = outcome.label_known_from, outcome_run_id = p_run_id
    from outcome, feature.feature_set_version version, feature.feature_set
    where outcome.instrument_id = prediction.instrument_id
      and outcome.ts = prediction.ts
      and outcome.label_known_from > prediction.decision_time
      and version.feature_set_version_id = prediction.feature_set_version_id
      and feature_set.feature_set_id = version.feature_set_id
      and feature_set.bar_interval = outcome.bar_interval
      and (prediction.outcome, prediction.outcome_known_from) is distinct from (outcome.label, outcome.label_known_from)
    returning 1
  )
  select count(*) from joined;
end;

comment on function ml.join_outcomes(bigint) is
'Writes the outcome of every prediction whose next bar is there, as the bars are now known. Returns how many outcomes were new or changed, 0 where none was.
A corrected bar corrects the outcome; the prediction itself never changes.';

revoke all on function ml.join_outcomes(bigint) from public;
grant execute on function ml.join_outcomes(bigint) to marketbase_worker;
