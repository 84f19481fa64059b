-- Vectors that were there before generations were kept: all of them are to be published.
insert into feature.online_vector (instrument_id, feature_set_version_id, generation)
select instrument.instrument_id, version.feature_set_version_id, (extract(epoch from clock_timestamp()) * 1000000)::bigint
from market.instrument as instrument
cross join feature.feature_set_version as version
where exists (
  select
  from feature.feature_vector as vector
  where vector.instrument_id = instrument.instrument_id and vector.feature_set_version_id = version.feature_set_version_id
)
on conflict (instrument_id, feature_set_version_id) do nothing;
