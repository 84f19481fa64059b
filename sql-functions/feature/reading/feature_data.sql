-- Feature values as now known, one per row.
create or replace view feature.feature_data with (security_invoker = true) as
select
  instrument.symbol,
  vector.ts,
  bar.session_date,
  feature_set.name as feature_set,
  named.feature_name,
  named.value,
  version.version,
  vector.revision,
  vector.known_from,
  vector.instrument_id,
  vector.run_id,
  feature_set.bar_interval,
  vector.feature_set_version_id
from feature.feature_set as feature_set
join feature.feature_set_version as version on version.feature_set_id = feature_set.feature_set_id and version.is_current
join feature.feature_vector as vector on vector.feature_set_version_id = version.feature_set_version_id
join market.instrument as instrument on instrument.instrument_id = vector.instrument_id
left join market.price_data as bar
  on bar.instrument_id = vector.instrument_id and bar.bar_interval = feature_set.bar_interval and bar.ts = vector.ts
cross join lateral unnest(version.feature_names, vector.values) as named (feature_name, value);

comment on view feature.feature_data is
E'@primaryKey instrument_id,feature_set_version_id,ts,feature_name\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (instrument_id, bar_interval, ts) references market.price_data (instrument_id, bar_interval, ts)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nFeature values as now known, one per row, of the versions in force. Filter on symbol, feature_set and ts. feature.feature_data_version has the older versions and revisions, feature.<set> one column per feature.';
comment on column feature.feature_data.symbol is 'Symbol of the instrument.';
comment on column feature.feature_data.ts is 'Start of the bar, as in market.price_data.';
comment on column feature.feature_data.session_date is 'Local date of the session of the bar; null where the bar is gone and the features are not recomputed yet.';
comment on column feature.feature_data.feature_set is 'Name of the set, such as qlib14.';
comment on column feature.feature_data.feature_name is 'Name of the feature, such as ma20.';
comment on column feature.feature_data.value is 'The value; null during warm-up and where it cannot be computed.';
comment on column feature.feature_data.version is 'Version of the set.';
comment on column feature.feature_data.revision is 'Number of the revision of the value, from 1.';
comment on column feature.feature_data.known_from is 'From when the value could be known.';
comment on column feature.feature_data.instrument_id is 'Instrument.';
comment on column feature.feature_data.run_id is 'Run that computed it.';
comment on column feature.feature_data.bar_interval is 'Length of the bar.';
comment on column feature.feature_data.feature_set_version_id is 'Version of the set, by identity.';

revoke all on feature.feature_data from public;
grant select on feature.feature_data to marketbase_reader;
