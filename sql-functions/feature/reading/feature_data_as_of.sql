-- The features of a symbol as they were known at a moment.
create or replace function feature.feature_data_as_of(
  p_symbol text,
  p_set text,
  p_as_of timestamptz default now(),
  p_from date default null,
  p_to date default null
) returns setof feature.feature_data
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  id constant bigint := market.instrument_id(p_symbol);
begin
  return query
    select
      instrument.symbol, vector.ts, bar.session_date, p_set, named.feature_name, named.value, current_set.version, vector.revision,
      vector.known_from, vector.instrument_id, vector.run_id, current_set.bar_interval, vector.feature_set_version_id
    from feature.feature_vector_version as vector
    join market.instrument as instrument using (instrument_id)
    left join market.price_data as bar
      on bar.instrument_id = vector.instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts = vector.ts
    cross join lateral unnest(current_set.feature_names, vector.values) with ordinality as named (feature_name, value, position)
    where vector.instrument_id = id
      and vector.feature_set_version_id = current_set.feature_set_version_id
      and vector.known_from <= p_as_of
      and vector.known_to > p_as_of
      and vector.ts >= coalesce(p_from::timestamp at time zone 'UTC', '-infinity')
      and vector.ts < coalesce((p_to + 1)::timestamp at time zone 'UTC', 'infinity')
    order by vector.ts, named.position;
end
$$;

comment on function feature.feature_data_as_of(text, text, timestamptz, date, date) is
'Feature values of p_symbol in the version of p_set that is in force, in the revisions that were the ones to know at p_as_of (default: now), ordered by bar and place in the set.
p_from, p_to: first and last date of the bars, UTC (NULL: no limit). A value whose bars were not all known at p_as_of is absent.
Errors: MB002 for an unknown symbol, MB003 for an unknown set.';

revoke all on function feature.feature_data_as_of(text, text, timestamptz, date, date) from public;
grant execute on function feature.feature_data_as_of(text, text, timestamptz, date, date) to marketbase_reader;
