-- The last readings of Redis beside what the database has.
create or replace view feature.online_check with (security_invoker = true) as
select
  reading.instrument_id,
  reading.feature_set_version_id,
  instrument.symbol,
  feature_set.name as feature_set,
  version.version,
  newest.ts,
  reading.values is not null as is_readable,
  reading.values is not null
    and reading.ts is not distinct from newest.ts
    and reading.known_from is not distinct from newest.known_from
    and reading.revision is not distinct from newest.revision
    and array_send(reading.values) is not distinct from array_send(newest.values) as is_equal,
  (
    select jsonb_object_agg(
      coalesce(named.name, format('position %s', named.position)),
      jsonb_build_object('redis', encode(float8send(named.online), 'hex'), 'postgresql', encode(float8send(named.offline), 'hex'))
    )
    from unnest(version.feature_names, reading.values, newest.values) with ordinality as named (name, online, offline, position)
    where reading.values is not null and float8send(named.online) is distinct from float8send(named.offline)
  ) as differing_bits,
  reading.read_at,
  reading.run_id
from feature.online_reading as reading
join feature.online_vector as online
  on online.instrument_id = reading.instrument_id and online.feature_set_version_id = reading.feature_set_version_id
join feature.feature_set_version as version on version.feature_set_version_id = reading.feature_set_version_id
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
join market.instrument as instrument on instrument.instrument_id = reading.instrument_id
left join lateral (
  select vector.ts, vector.known_from, vector.revision, vector.values
  from feature.feature_vector as vector
  where vector.instrument_id = reading.instrument_id and vector.feature_set_version_id = reading.feature_set_version_id
  order by vector.ts desc
  limit 1
) as newest on true
where reading.generation is null or reading.generation = online.generation;

comment on view feature.online_check is
E'@primaryKey instrument_id,feature_set_version_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nWhat the last audit read in Redis beside what the database has, one row per sampled value. Values of another generation than the current one are left out: they are not served.';
comment on column feature.online_check.instrument_id is 'Instrument.';
comment on column feature.online_check.feature_set_version_id is 'Version of the set, by identity.';
comment on column feature.online_check.symbol is 'Symbol of the instrument.';
comment on column feature.online_check.feature_set is 'Name of the set.';
comment on column feature.online_check.version is 'Version of the set.';
comment on column feature.online_check.ts is 'Start of the bar of the newest vector in the database; null where there is none.';
comment on column feature.online_check.is_readable is 'False where what lies under the key is no vector.';
comment on column feature.online_check.is_equal is 'True where time, knowledge, revision and every bit of the values are those of the database.';
comment on column feature.online_check.differing_bits is 'The features that differ, a JSON object: the 8 bytes of the double in Redis and in the database, in hex; null for a missing value. Null where none differs or the value cannot be read.';
comment on column feature.online_check.read_at is 'When Redis was read.';
comment on column feature.online_check.run_id is 'Run of the audit.';

revoke all on feature.online_check from public;
grant select on feature.online_check to marketbase_reader;
