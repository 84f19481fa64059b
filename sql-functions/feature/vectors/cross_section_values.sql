-- The vectors that a set of two stages compares.
create or replace function feature.cross_section_values(p_version_id bigint, p_from_ts timestamptz[], p_to_ts timestamptz[]) returns table (
  instrument_id bigint,
  ts timestamptz,
  session_date date,
  known_from timestamptz,
  "values" double precision[]
)
language sql stable parallel safe
begin atomic
  -- A vector that is gone is missed by all that were compared with it; it could not be missed before it was removed.
  with removed as (
    select history.ts, max(history.known_to) as known_to
    from unnest(p_from_ts, p_to_ts) as span (from_ts, to_ts)
    join feature.feature_vector_history as history
      on history.feature_set_version_id = p_version_id and history.ts between span.from_ts and span.to_ts
    where not exists (
      select
      from feature.feature_vector as vector
      where vector.instrument_id = history.instrument_id and vector.feature_set_version_id = p_version_id and vector.ts = history.ts
    )
    group by history.ts
  )
  select
    vector.instrument_id, vector.ts, (vector.ts at time zone 'UTC')::date, greatest(vector.known_from, removed.known_to), vector.values
  from unnest(p_from_ts, p_to_ts) as span (from_ts, to_ts)
  cross join market.instrument as instrument
  join feature.feature_vector as vector
    on vector.instrument_id = instrument.instrument_id
    and vector.feature_set_version_id = p_version_id
    and vector.ts between span.from_ts and span.to_ts
  left join removed on removed.ts = vector.ts;
end;

comment on function feature.cross_section_values(bigint, timestamptz[], timestamptz[]) is
'The current vectors of version p_version_id of all instruments in the spans from p_from_ts to p_to_ts, which must not overlap, with the date of ts in UTC.
known_from: that of the vector, or from when a vector at the same time was given up and none took its place, if that is later.';

revoke all on function feature.cross_section_values(bigint, timestamptz[], timestamptz[]) from public;
grant execute on function feature.cross_section_values(bigint, timestamptz[], timestamptz[]) to marketbase_worker, marketbase_probe;
