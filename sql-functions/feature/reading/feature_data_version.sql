-- Feature values of every version of a set and every revision, one per row.
create or replace view feature.feature_data_version with (security_invoker = true) as
select
  instrument.symbol,
  vector.ts,
  feature_set.name as feature_set,
  version.version,
  named.feature_name,
  named.value,
  vector.revision,
  vector.known_from,
  vector.known_to,
  vector.recorded_at,
  vector.closed_at,
  version.is_current as is_current_version,
  vector.instrument_id,
  vector.feature_set_version_id,
  vector.run_id
from feature.feature_set as feature_set
join feature.feature_set_version as version on version.feature_set_id = feature_set.feature_set_id
join feature.feature_vector_version as vector on vector.feature_set_version_id = version.feature_set_version_id
join market.instrument as instrument on instrument.instrument_id = vector.instrument_id
cross join lateral unnest(version.feature_names, vector.values) as named (feature_name, value);

comment on view feature.feature_data_version is
E'@primaryKey instrument_id,feature_set_version_id,ts,revision,feature_name\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nFeature values of every version of a set and every revision, one per row. feature.feature_data has those that are in force.';
comment on column feature.feature_data_version.symbol is 'Symbol of the instrument.';
comment on column feature.feature_data_version.ts is 'Start of the bar.';
comment on column feature.feature_data_version.feature_set is 'Name of the set.';
comment on column feature.feature_data_version.version is 'Version of the set.';
comment on column feature.feature_data_version.feature_name is 'Name of the feature.';
comment on column feature.feature_data_version.value is 'The value; null during warm-up and where it cannot be computed.';
comment on column feature.feature_data_version.revision is 'Number of the revision, from 1.';
comment on column feature.feature_data_version.known_from is 'From when the value could be known.';
comment on column feature.feature_data_version.known_to is 'Until when it was the one to know (excluded); infinity for the current one.';
comment on column feature.feature_data_version.recorded_at is 'When marketbase stored it.';
comment on column feature.feature_data_version.closed_at is 'When marketbase closed it; infinity for the current one.';
comment on column feature.feature_data_version.is_current_version is 'True for the version of the set that is in force.';
comment on column feature.feature_data_version.instrument_id is 'Instrument.';
comment on column feature.feature_data_version.feature_set_version_id is 'Version of the set, by identity.';
comment on column feature.feature_data_version.run_id is 'Run that computed it.';

revoke all on feature.feature_data_version from public;
grant select on feature.feature_data_version to marketbase_reader;
