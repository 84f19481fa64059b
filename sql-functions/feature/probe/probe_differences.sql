-- Says where vectors with the future and without it differ.
create or replace function feature.probe_differences(
  p_times feature.probe_time[],
  p_with_future feature.probe_vector[],
  p_without_future feature.probe_vector[],
  p_feature_names text[]
) returns setof feature.probe_point
language sql immutable parallel safe
begin atomic
  select
    original.instrument_id, original.ts, original.known_from, probed.reason,
    coalesce(differing.names, '{}'), coalesce(differing.with_future, '{}'), coalesce(differing.without_future, '{}')
  from unnest(p_with_future) as original
  join unnest(p_times) as probed on probed.ts = original.ts
  left join unnest(p_without_future) as honest on honest.instrument_id = original.instrument_id and honest.ts = original.ts
  cross join lateral (
    select
      array_agg(value.name order by value.position) as names,
      array_agg(value.with_future order by value.position) as with_future,
      array_agg(value.without_future order by value.position) as without_future
    from unnest(p_feature_names, original.values, honest.values)
      with ordinality as value (name, with_future, without_future, position)
    where float8send(value.with_future) is distinct from float8send(value.without_future)
  ) as differing
  order by original.instrument_id, original.ts;
end;

comment on function feature.probe_differences(feature.probe_time[], feature.probe_vector[], feature.probe_vector[], text[]) is
'A row for each of p_with_future that lies at one of p_times, with the features (named by p_feature_names) that are not equal, bit for bit, in the vector of p_without_future with the same instrument and time; one that is missing there counts as NULL everywhere.';

revoke all on function feature.probe_differences(feature.probe_time[], feature.probe_vector[], feature.probe_vector[], text[]) from public;
grant execute on function feature.probe_differences(feature.probe_time[], feature.probe_vector[], feature.probe_vector[], text[]) to marketbase_worker;
