-- The newest vectors with their generations, packed, in one snapshot: what is published, and what is read where it is not.
-- The setting makes every digit certain, whatever the session has; and with it the function is not inlined, so that its plan is kept from call to call.
-- `offset 0` keeps a subquery from being merged: each text would be made twice, once for its checksum.
create or replace function feature.online_vectors(p_instrument_ids bigint[], p_feature_set_version_ids bigint[]) returns table (
  instrument_id bigint,
  feature_set_version_id bigint,
  generation bigint,
  packed bytea
)
language sql stable parallel safe
set extra_float_digits to 1
begin atomic
  select
    asked.instrument_id, asked.feature_set_version_id, online.generation,
    vector.bytes || substring(int8send(crc32(vector.bytes)) from 5)
  from unnest(p_instrument_ids, p_feature_set_version_ids) with ordinality as asked (instrument_id, feature_set_version_id, position)
  left join feature.online_vector as online
    on online.instrument_id = asked.instrument_id and online.feature_set_version_id = asked.feature_set_version_id
  left join lateral (
    select
      '\x4d425632'::bytea || int8send(coalesce(online.generation, 0)) || int8send(asked.feature_set_version_id) || int8send(asked.instrument_id)
      || timestamptz_send(newest.ts) || timestamptz_send(newest.known_from) || int4send(newest.revision)
      || convert_to(array_to_json(newest.values)::text, 'UTF8') as bytes
    from feature.feature_vector as newest
    where newest.instrument_id = asked.instrument_id and newest.feature_set_version_id = asked.feature_set_version_id
    order by newest.ts desc
    limit 1
  ) as vector on true
  order by asked.position;
end;

comment on function feature.online_vectors(bigint[], bigint[]) is
'The vector of the last bar for each pair of an instrument and a version of a set, with its generation; a row per pair, in the order of the arrays. packed is NULL where there is no vector; else, numbers big-endian: "MBV2"; generation, feature_set_version_id and instrument_id (8 bytes each); ts and known_from (8 bytes each, microseconds since 2000-01-01 UTC); revision (4 bytes); the values as array_to_json writes them, such as [1.5,null,"NaN"], so that who answers has no number to write; crc32 of all before it (4 bytes).';

revoke all on function feature.online_vectors(bigint[], bigint[]) from public;
grant execute on function feature.online_vectors(bigint[], bigint[]) to marketbase_reader;
