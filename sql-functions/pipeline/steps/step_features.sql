-- Step: the feature sets, where bars or kernels changed.
create or replace function pipeline.step_features(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with computed as materialized (
    select * from pipeline.compute_stale_features(p_run_id)
  ),
  by_set as (
    select
      computed.feature_set, computed.version, count(distinct computed.instrument_id) as instruments, sum(computed.rows_changed)::bigint as rows_changed,
      string_agg(distinct computed.symbol, ', ' order by computed.symbol) filter (where computed.rows_changed > 0) as symbols,
      string_agg(distinct computed.symbol, ', ' order by computed.symbol) filter (where computed.error is not null) as failed
    from computed
    group by computed.feature_set, computed.version
  )
  select
    coalesce(sum(by_set.instruments), 0)::bigint,
    coalesce(sum(by_set.rows_changed), 0)::bigint,
    coalesce(
      jsonb_object_agg(
        by_set.feature_set, jsonb_strip_nulls(jsonb_build_object(
          'version', by_set.version, 'instruments', by_set.instruments, 'vectors', by_set.rows_changed, 'failed', by_set.failed
        ))
      ) filter (where by_set.feature_set is not null),
      '{}'
    ),
    coalesce(
      string_agg(
        format('%s@%s: %s vectors changed%s%s', by_set.feature_set, by_set.version, by_set.rows_changed,
          case when length(by_set.symbols) between 1 and 60 then format(' (%s)', by_set.symbols) else '' end,
          ', not computed: ' || left(by_set.failed, 200)),
        '; ' order by by_set.feature_set
      ),
      'no bar changed'
    )
  from by_set;
end;

comment on function pipeline.step_features(bigint) is
'Computes the feature sets for the bars that are marked for feature in pipeline.stale_range and those that look back on them, and in full where a version has no values yet. An instrument that cannot be computed is named and does not stop the others; see pipeline.compute_stale_features.';

revoke all on function pipeline.step_features(bigint) from public;
grant execute on function pipeline.step_features(bigint) to marketbase_worker;
