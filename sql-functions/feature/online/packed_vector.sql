-- A vector as one value of bytes: what Redis holds and what is read without Redis.
create or replace function feature.packed_vector(
  p_instrument_id bigint,
  p_feature_set_version_id bigint,
  p_generation bigint,
  p_ts timestamptz,
  p_known_from timestamptz,
  p_revision integer,
  p_values double precision[]
) returns bytea
language sql stable parallel safe
begin atomic
  select packed.bytes || substring(int8send(crc32(packed.bytes)) from 5)
  from (
    select
      '\x4d425631'::bytea || int8send(p_generation) || int8send(p_feature_set_version_id) || int8send(p_instrument_id)
      || timestamptz_send(p_ts) || timestamptz_send(p_known_from) || int4send(p_revision) || array_send(p_values) as bytes
  ) as packed;
end;

comment on function feature.packed_vector(bigint, bigint, bigint, timestamptz, timestamptz, integer, double precision[]) is
'The vector p_values of the bar p_ts with its header, big-endian: "MBV1"; generation, feature_set_version_id and instrument_id (8 bytes each); ts and known_from (8 bytes each, microseconds since 2000-01-01 UTC); revision (4 bytes); the array as array_send writes it (20 bytes of header, then for each value 4 bytes of length, 8 or -1 for NULL, and the double); crc32 of all before it (4 bytes).
NULL where an argument is NULL.';

revoke all on function feature.packed_vector(bigint, bigint, bigint, timestamptz, timestamptz, integer, double precision[]) from public;
grant execute on function feature.packed_vector(bigint, bigint, bigint, timestamptz, timestamptz, integer, double precision[]) to marketbase_reader;
