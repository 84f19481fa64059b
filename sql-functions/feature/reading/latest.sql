-- The latest vector of each instrument, for serving.
create or replace function feature.latest(p_set text, p_instrument_ids bigint[] default null) returns setof feature.known_vector
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
begin
  return query
    select
      instrument.instrument_id, instrument.symbol, now(), p_set, current_set.version, newest.ts,
      current_set.feature_names, newest.values, newest.revision, newest.known_from
    from market.instrument as instrument
    cross join lateral (
      select vector.ts, vector.values, vector.revision, vector.known_from
      from feature.feature_vector as vector
      where vector.instrument_id = instrument.instrument_id and vector.feature_set_version_id = current_set.feature_set_version_id
      order by vector.ts desc
      limit 1
    ) as newest
    where p_instrument_ids is null or instrument.instrument_id = any (p_instrument_ids)
    order by instrument.instrument_id;
end
$$;

comment on function feature.latest(text, bigint[]) is
'The vector of the last bar of each instrument in the version of p_set that is in force, with its names, ordered by instrument. p_instrument_ids: which instruments; NULL for all.
An instrument without vectors has no row. Errors: MB003 for an unknown set.';

revoke all on function feature.latest(text, bigint[]) from public;
grant execute on function feature.latest(text, bigint[]) to marketbase_reader;
