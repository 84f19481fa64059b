-- For each instrument and moment the features of several sets that could be known then.
create or replace function feature.point_in_time_join(
  p_sets text[],
  p_instrument_ids bigint[],
  p_decision_times timestamptz[],
  p_strict boolean default false,
  p_tolerance interval default null,
  p_versions text[] default null,
  p_ttl interval default null
) returns setof feature.joined_vector
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  asked_version feature.feature_set_version;
  feature_names text[] := '{}';
  versions text[] := '{}';
  sources text[] := '{}';
  columns text[] := '{}';
  vectors text[] := '{}';
  times text[] := '{}';
  known_times text[] := '{}';
begin
  if coalesce(cardinality(p_sets), 0) = 0 or (p_versions is not null and cardinality(p_versions) <> cardinality(p_sets)) then
    raise exception using
      errcode = 'MB001',
      message = format('%s sets and %s versions were given.', coalesce(cardinality(p_sets), 0), coalesce(cardinality(p_versions), 0)),
      hint = 'Name one set at least, and for each a version or NULL, or no versions at all.';
  end if;
  for i in 1 .. cardinality(p_sets) loop
    asked_version := feature.version_of(p_sets[i], p_versions[i]);
    versions := versions || asked_version.version;
    feature_names := feature_names
      || array(select format('%s__%s', p_sets[i], named.name) from unnest(asked_version.feature_names) as named (name));
    sources := sources || format('feature.point_in_time(%L, $1, $2, $3, $4, %L, $5)', p_sets[i], asked_version.version);
    columns := columns || format('i%1$s, symbol%1$s, d%1$s, set%1$s, version%1$s, ts%1$s, names%1$s, values%1$s, revision%1$s, known%1$s', i);
    vectors := vectors || format('coalesce(values%s, array_fill(null::double precision, array[%s]))', i, cardinality(asked_version.feature_names));
    times := times || format('ts%s', i);
    known_times := known_times || format('known%s', i);
  end loop;

  -- Each set gives a row per pair in the order of the arrays, so that the rows belong together side by side.
  return query execute format(
    'select i1, symbol1, d1, $6, %s, $7, array[%s], array[%s] from rows from (%s) as side_by_side (%s)',
    array_to_string(vectors, ' || '), array_to_string(times, ', '), array_to_string(known_times, ', '), array_to_string(sources, ', '),
    array_to_string(columns, ', ')
  ) using p_instrument_ids, p_decision_times, p_strict, p_tolerance, p_ttl, feature_names, versions;
end
$$;

comment on function feature.point_in_time_join(text[], bigint[], timestamptz[], boolean, interval, text[], interval) is
'For each pair of an instrument and a decision time the vectors of all p_sets that were the ones to know then, one after the other in one row per pair, in the order of the arrays. The rules and options are those of feature.point_in_time.
p_versions: a version for each set (NULL: those in force). A set of which nothing was known gives NULLs. feature.point_in_time_query does the same for labels in a table, with a column per feature.
Errors: MB001 for arrays of different length or no set, MB003 for an unknown set or version.';

revoke all on function feature.point_in_time_join(text[], bigint[], timestamptz[], boolean, interval, text[], interval) from public;
grant execute on function feature.point_in_time_join(text[], bigint[], timestamptz[], boolean, interval, text[], interval) to marketbase_reader;
