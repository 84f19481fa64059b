-- What an audit read in Redis takes the place of what the one before it read.
create or replace function feature.record_online_readings(
  p_run_id bigint,
  p_instrument_ids bigint[],
  p_feature_set_version_ids bigint[],
  p_generations bigint[],
  p_ts timestamptz[],
  p_known_from timestamptz[],
  p_revisions integer[],
  p_values text[]
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  recorded bigint;
begin
  delete from feature.online_reading;
  insert into feature.online_reading (instrument_id, feature_set_version_id, generation, ts, known_from, revision, values, run_id)
  select
    reading.instrument_id, reading.feature_set_version_id, reading.generation, reading.ts, reading.known_from, reading.revision,
    reading.literal::double precision[], p_run_id
  from unnest(p_instrument_ids, p_feature_set_version_ids, p_generations, p_ts, p_known_from, p_revisions, p_values)
    as reading (instrument_id, feature_set_version_id, generation, ts, known_from, revision, literal);
  get diagnostics recorded = row_count;
  return recorded;
end
$$;

comment on function feature.record_online_readings(bigint, bigint[], bigint[], bigint[], timestamptz[], timestamptz[], integer[], text[]) is
'Stores what the audit p_run_id read in Redis, one element of each array per key, and removes what the last audit read. p_values: each vector as the text of an array, so that every bit arrives; NULL where what lies under the key cannot be read. Gives the number of readings.';

revoke all on function feature.record_online_readings(bigint, bigint[], bigint[], bigint[], timestamptz[], timestamptz[], integer[], text[]) from public;
grant execute on function feature.record_online_readings(bigint, bigint[], bigint[], bigint[], timestamptz[], timestamptz[], integer[], text[]) to marketbase_worker;
