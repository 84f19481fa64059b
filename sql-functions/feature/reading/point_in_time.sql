-- For each instrument and moment the features that could be known then.
create or replace function feature.point_in_time(
  p_set text,
  p_instrument_ids bigint[],
  p_decision_times timestamptz[],
  p_strict boolean default false,
  p_tolerance interval default null,
  p_version text default null,
  p_ttl interval default null
) returns setof feature.known_vector
language sql stable parallel safe rows 100000
begin atomic
  with asked as materialized (
    select
      instrument.instrument_id,
      instrument.symbol,
      exists (
        select
        from feature.feature_vector_history as history
        where history.instrument_id = instrument.instrument_id and history.feature_set_version_id = version.feature_set_version_id
      ) as has_history
    from feature.version_of(p_set, p_version) as version
    cross join (select distinct given.id from unnest(p_instrument_ids) as given (id)) as given
    join market.instrument as instrument on instrument.instrument_id = given.id
  )
  select
    answer.instrument_id, answer.symbol, answer.decision_time, p_set, answer.version,
    answer.ts, answer.feature_names, answer.values, answer.revision, answer.known_from
  from feature.version_of(p_set, p_version) as version
  cross join lateral (
    select
      label.instrument_id, label.symbol, label.decision_time, version.version, found.ts, version.feature_names, found.values, found.revision, found.known_from
    from (
      -- Sorted, the search finds the pages that it needs in memory. Times have microseconds: known before a moment is known at the microsecond before it.
      select
        pair.instrument_id, pair.decision_time, pair.position, asked.symbol, asked.has_history,
        pair.decision_time - case when p_strict then interval '1 microsecond' else interval '0' end as moment
      from feature.decision_pairs(p_instrument_ids, p_decision_times) as pair
      left join asked on asked.instrument_id = pair.instrument_id
      order by pair.instrument_id, pair.decision_time
    ) as label
    left join lateral feature.known_at(label.instrument_id, version.feature_set_version_id, label.moment, label.has_history) as found
      on (p_tolerance is null or found.ts >= label.decision_time - p_tolerance)
      and (p_ttl is null or found.known_from >= label.decision_time - p_ttl)
    order by label.position
  ) as answer;
end;

comment on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text, interval) is
'For each pair of an instrument and a decision time the vector that was the one to know then; one row per pair, in the order of the arrays.
Of all bars that had begun (ts <= decision time) it is the latest of which some revision was known (known_from <= decision time < known_to), in that revision. A bar that became known later does not exist yet, and the one before it counts; a corrected one has its old values until the correction is known; a removed one is there until its removal.
p_set: the set. p_instrument_ids, p_decision_times: arrays of equal length. p_strict: everything known before the decision time (<) instead of at it (<=). p_version: version of the set (NULL: the one in force).
p_tolerance: how far the start of the bar may lie before the decision time (tolerance of pandas.merge_asof, ttl of Feast). p_ttl: how long before it the values may have become known. Both include their limit, NULL is any; a value that is too old is none, an older one is not looked for.
Where nothing was known ts, values, revision and known_from are NULL. Errors: MB001 for arrays of different length, MB003 for an unknown set or version.
Convention: pandas.merge_asof, direction backward. For labels in a table, or several sets with a column per feature: feature.point_in_time_query.';

revoke all on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text, interval) from public;
grant execute on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text, interval) to marketbase_reader;
