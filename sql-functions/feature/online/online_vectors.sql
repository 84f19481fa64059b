-- The newest vectors with their generations, packed, in one snapshot: what is published, and what is read where it is not.
create or replace function feature.online_vectors(p_instrument_ids bigint[], p_feature_set_version_ids bigint[]) returns table (
  instrument_id bigint,
  feature_set_version_id bigint,
  generation bigint,
  packed bytea
)
language sql stable parallel safe
begin atomic
  select
    asked.instrument_id, asked.feature_set_version_id, online.generation,
    feature.packed_vector(
      asked.instrument_id, asked.feature_set_version_id, coalesce(online.generation, 0), newest.ts, newest.known_from, newest.revision, newest.values
    )
  from unnest(p_instrument_ids, p_feature_set_version_ids) with ordinality as asked (instrument_id, feature_set_version_id, position)
  left join feature.online_vector as online
    on online.instrument_id = asked.instrument_id and online.feature_set_version_id = asked.feature_set_version_id
  left join lateral (
    select vector.ts, vector.known_from, vector.revision, vector.values
    from feature.feature_vector as vector
    where vector.instrument_id = asked.instrument_id and vector.feature_set_version_id = asked.feature_set_version_id
    order by vector.ts desc
    limit 1
  ) as newest on true
  order by asked.position;
end;

comment on function feature.online_vectors(bigint[], bigint[]) is
'The vector of the last bar for each pair of an instrument and a version of a set, as feature.packed_vector writes it, with its generation; a row per pair, in the order of the arrays. packed is NULL where there is no vector.';

revoke all on function feature.online_vectors(bigint[], bigint[]) from public;
grant execute on function feature.online_vectors(bigint[], bigint[]) to marketbase_reader;
