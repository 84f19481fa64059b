-- The rows of a training set, made again from what was recorded then or later.
create or replace function ml.training_rows(p_training_set_id bigint, p_known_at timestamptz default null) returns setof ml.training_row
language sql stable parallel safe
begin atomic
  select decision.*
  from ml.training_set training_set
  cross join lateral ml.decision_rows(
    training_set.feature_set_version_id, training_set.instrument_ids, coalesce(p_known_at, training_set.known_at)
  ) as decision
  where training_set.training_set_id = p_training_set_id
    and (p_known_at is null or decision.ts between training_set.from_ts and training_set.to_ts)
    and ml.is_complete(decision.features)
    and decision.label_end > decision.decision_time
  order by decision.decision_time, decision.instrument_id;
end;

comment on function ml.training_rows(bigint, timestamptz) is
'The rows of training set p_training_set_id, in order of decision time and instrument: features as known at each decision, labels as known at its known_at.
A training set stores no rows; they are made again from the versions that were recorded then, and ml.replay proves that they are the same.
p_known_at: what the same recipe gives with all that was recorded until then, for the bars of the set (NULL: its own known_at). No rows for an unknown id.';

revoke all on function ml.training_rows(bigint, timestamptz) from public;
grant execute on function ml.training_rows(bigint, timestamptz) to marketbase_analyst;
