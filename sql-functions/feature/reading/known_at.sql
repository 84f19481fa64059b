-- The vector of an instrument that was the one to know at a moment.
create or replace function feature.known_at(
  p_instrument_id bigint,
  p_feature_set_version_id bigint,
  p_moment timestamptz,
  p_has_history boolean
) returns table (ts timestamptz, "values" double precision[], revision integer, known_from timestamptz)
language sql stable parallel safe
begin atomic
  select
    coalesce(closed.ts, near.ts, far.ts),
    coalesce(closed.values, near.values, far.values),
    coalesce(closed.revision, near.revision, far.revision),
    coalesce(closed.known_from, near.known_from, far.known_from)
  from (select) as asked
  -- Nearly always it is a bar of the last days; with a bound on both sides the index gives a handful of entries instead of half a page.
  left join lateral (
    select vector.ts, vector.values, vector.revision, vector.known_from
    from feature.feature_vector as vector
    where vector.instrument_id = p_instrument_id
      and vector.feature_set_version_id = p_feature_set_version_id
      and vector.ts <= p_moment
      and vector.ts > p_moment - interval '168:00'
      and vector.known_from <= p_moment
    order by vector.ts desc
    limit 1
  ) as near on true
  -- A later bar that was known then, in a revision that has been closed since.
  left join lateral (
    select history.ts, history.values, history.revision, history.known_from
    from feature.feature_vector_history as history
    where p_has_history
      and history.instrument_id = p_instrument_id
      and history.feature_set_version_id = p_feature_set_version_id
      and history.ts <= p_moment
      and history.ts > coalesce(near.ts, p_moment - interval '168:00')
      and history.known_from <= p_moment
      and history.known_to > p_moment
    order by history.ts desc
    limit 1
  ) as closed on true
  left join lateral (
    select earlier.ts, earlier.values, earlier.revision, earlier.known_from
    from feature.feature_vector_version as earlier
    where near.ts is null
      and closed.ts is null
      and earlier.instrument_id = p_instrument_id
      and earlier.feature_set_version_id = p_feature_set_version_id
      and earlier.ts <= p_moment - interval '168:00'
      and earlier.known_from <= p_moment
      and earlier.known_to > p_moment
    order by earlier.ts desc
    limit 1
  ) as far on true
  where coalesce(closed.ts, near.ts, far.ts) is not null;
end;

comment on function feature.known_at(bigint, bigint, timestamptz, boolean) is
E'@behavior -*\nThe vector of p_instrument_id in version p_feature_set_version_id that was the one to know at p_moment: of the bars that had begun by then (ts <= p_moment) the latest of which a revision was known (known_from <= p_moment < known_to).
One row, or none where nothing was known. p_has_history: whether closed revisions of that instrument and version exist; they are looked at only then. It is inlined: join it laterally to labels that are sorted by instrument and moment.';

revoke all on function feature.known_at(bigint, bigint, timestamptz, boolean) from public;
grant execute on function feature.known_at(bigint, bigint, timestamptz, boolean) to marketbase_reader;
