-- The rows of a training set, made again from what was recorded then.
create or replace function ml.training_rows(p_training_set_id bigint) returns setof ml.training_row
language sql stable parallel safe
begin atomic
  select decision.*
  from ml.training_set training_set
  cross join lateral ml.decision_rows(training_set.feature_set_version_id, training_set.instrument_ids, training_set.known_at) as decision
  where training_set.training_set_id = p_training_set_id
    and ml.is_complete(decision.features)
    and decision.label_end > decision.decision_time
  order by decision.decision_time, decision.instrument_id;
end;

comment on function ml.training_rows(bigint) is
'The rows of training set p_training_set_id, in order of decision time and instrument: features as known at each decision, labels as known at its known_at.
A training set stores no rows; they are made again from the versions that were recorded then, and ml.verify_training_set proves that they are the same.
No rows for an unknown id.';

revoke all on function ml.training_rows(bigint) from public;
grant execute on function ml.training_rows(bigint) to marketbase_analyst;
