-- Step: the feature sets, where bars changed.
create or replace function pipeline.step_features(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with done as materialized (
    select computation.* from feature.compute_stale(p_run_id) computation
  ),
  by_set as (
    select
      done.feature_set, done.version, count(distinct done.instrument_id) as instruments, sum(done.rows_changed) as rows_changed,
      min(done.from_ts) filter (where done.rows_changed > 0) as from_ts
    from done
    group by done.feature_set, done.version
  )
  select
    coalesce(sum(by_set.rows_changed), 0)::bigint,
    coalesce(sum(by_set.rows_changed), 0)::bigint,
    coalesce(jsonb_object_agg(by_set.feature_set, by_set.rows_changed) filter (where by_set.feature_set is not null), '{}'),
    coalesce(
      string_agg(
        format('%s@%s: %s vectors of %s instruments%s', by_set.feature_set, by_set.version, by_set.rows_changed, by_set.instruments,
          ' from ' || to_char(by_set.from_ts at time zone 'UTC', 'YYYY-MM-DD')),
        '; ' order by by_set.feature_set),
      'no bar changed')
  from by_set;
end;

comment on function pipeline.step_features(bigint) is
'Computes every current feature set again for the marked bars and those that look back on them; see feature.compute_stale. A vector that is there bit for bit is not written.';

revoke all on function pipeline.step_features(bigint) from public;
grant execute on function pipeline.step_features(bigint) to marketbase_worker;
