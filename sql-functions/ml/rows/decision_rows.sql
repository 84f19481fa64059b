-- What could be decided at every bar: the features that were known then, and what came of it.
create or replace function ml.decision_rows(
  p_feature_set_version_id bigint,
  p_instrument_ids bigint[],
  p_known_at timestamptz default 'infinity'
) returns setof ml.training_row
language sql stable parallel safe
begin atomic
  with vector as (
    select instrument_id, ts, revision, known_from, values
    from feature.feature_vector
    where feature_set_version_id = p_feature_set_version_id and instrument_id = any (p_instrument_ids) and recorded_at <= p_known_at
    union all
    select instrument_id, ts, revision, known_from, values
    from feature.feature_vector_history
    where feature_set_version_id = p_feature_set_version_id and instrument_id = any (p_instrument_ids) and recorded_at <= p_known_at
  )
  select distinct on (bar.instrument_id, bar.ts)
    bar.instrument_id, bar.ts, bar.decision_time, vector.revision, vector.values, bar.label, bar.label_end, bar.label_known_from
  from feature.feature_set_version version
  join feature.feature_set on feature_set.feature_set_id = version.feature_set_id
  cross join lateral ml.labels(p_instrument_ids, feature_set.bar_interval, p_known_at) as bar
  left join vector
    on vector.instrument_id = bar.instrument_id
    and vector.ts = bar.ts
    and vector.known_from <= bar.decision_time
  where version.feature_set_version_id = p_feature_set_version_id
  order by bar.instrument_id, bar.ts, vector.revision desc nulls last;
end;

comment on function ml.decision_rows(bigint, bigint[], timestamptz) is
'Every bar of p_instrument_ids with the last revision of its feature vector that was known at its decision time, and its label, as recorded at p_known_at
(default: all that is recorded). Both times count: known_from <= decision_time and recorded_at <= p_known_at. feature_revision and features are NULL where no
vector was known at the decision; single features are NULL during warm-up. One row per bar, in order of instrument and time.';

revoke all on function ml.decision_rows(bigint, bigint[], timestamptz) from public;
grant execute on function ml.decision_rows(bigint, bigint[], timestamptz) to marketbase_analyst;
