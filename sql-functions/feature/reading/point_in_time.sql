-- For each instrument and moment the features that could be known then.
create or replace function feature.point_in_time(
  p_set text,
  p_instrument_ids bigint[],
  p_decision_times timestamptz[],
  p_strict boolean default false,
  p_tolerance interval default null,
  p_version text default null
) returns setof feature.known_vector
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  asked_version constant feature.feature_set_version := feature.version_of(p_set, p_version);
  asked_instruments constant bigint[] := array(select distinct asked.id from unnest(p_instrument_ids) as asked (id));
  -- Times have microseconds: known before a moment is known at the microsecond before it.
  margin constant interval := case when p_strict then interval '1 microsecond' else interval '0' end;
begin
  if coalesce(cardinality(p_instrument_ids), 0) <> coalesce(cardinality(p_decision_times), 0) then
    raise exception using
      errcode = 'MB001',
      message = format('%s instruments and %s decision times were given.', coalesce(cardinality(p_instrument_ids), 0), coalesce(cardinality(p_decision_times), 0)),
      hint = 'Give arrays of equal length: the first decision time belongs to the first instrument, and so on.';
  end if;

  return query
    with series as materialized (
      select bars.instrument_id, bars.ts, feature.first_known(bars.known_from) as known_from
      from (
        select
          vector.instrument_id,
          array_agg(vector.ts order by vector.ts, vector.revision) as ts,
          array_agg(vector.known_from order by vector.ts, vector.revision) as known_from
        from feature.feature_vector_version as vector
        where vector.instrument_id = any (asked_instruments) and vector.feature_set_version_id = asked_version.feature_set_version_id
        group by vector.instrument_id
      ) as bars
    ), candidate as materialized (
      -- The latest bar of which a revision was known.
      select
        pair.instrument_id, pair.decision_time, pair.decision_time - margin as moment, pair.position,
        series.ts[nullif(width_bucket(pair.decision_time - margin, series.known_from), 0)] as ts
      from unnest(p_instrument_ids, p_decision_times) with ordinality as pair (instrument_id, decision_time, position)
      left join series using (instrument_id)
    )
    select
      candidate.instrument_id, instrument.symbol, candidate.decision_time, p_set, asked_version.version,
      found.ts, asked_version.feature_names, found.values, found.revision, found.known_from
    from candidate
    left join market.instrument as instrument on instrument.instrument_id = candidate.instrument_id
    left join feature.feature_vector_version as revision
      on revision.instrument_id = candidate.instrument_id
      and revision.feature_set_version_id = asked_version.feature_set_version_id
      and revision.ts = candidate.ts
      and revision.known_from <= candidate.moment
      and revision.known_to > candidate.moment
    -- No revision of the candidate was known then, because its bar had been removed: the latest one before it.
    left join lateral (
      select earlier.ts, earlier.revision, earlier.values, earlier.known_from
      from feature.feature_vector_version as earlier
      where revision.ts is null
        and earlier.instrument_id = candidate.instrument_id
        and earlier.feature_set_version_id = asked_version.feature_set_version_id
        and earlier.ts < candidate.ts
        and earlier.known_from <= candidate.moment
        and earlier.known_to > candidate.moment
      order by earlier.ts desc
      limit 1
    ) as earlier on true
    left join lateral (
      select
        coalesce(revision.ts, earlier.ts) as ts,
        coalesce(revision.values, earlier.values) as values,
        coalesce(revision.revision, earlier.revision) as revision,
        coalesce(revision.known_from, earlier.known_from) as known_from
    ) as found on p_tolerance is null or found.ts >= candidate.decision_time - p_tolerance
    order by candidate.position;
end
$$;

comment on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text) is
'For each pair of an instrument and a decision time the vector of the latest bar that was known then, in the revision that was known then; one row per pair, in the order of the arrays.
p_set: the set. p_instrument_ids, p_decision_times: arrays of equal length. p_strict: known before the decision time (<) instead of at it (<=). p_tolerance: how far the start of the bar may lie before the decision time (NULL: any).
p_version: version of the set (NULL: the one in force). Where nothing was known ts, values, revision and known_from are NULL.
A bar is known when its session has closed, a corrected one from its correction on; until then the revision before it counts. Convention: pandas.merge_asof, direction backward, on known_from.
Errors: MB001 for arrays of different length, MB003 for an unknown set or version.';

revoke all on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text) from public;
grant execute on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text) to marketbase_reader;
