-- Every revision of every vector, of all versions of the sets, with the span in which it was the one to know.
create or replace view feature.feature_vector_version with (security_invoker = true) as
select
  vector.instrument_id, vector.feature_set_version_id, vector.ts, vector.revision, vector.values,
  vector.known_from, 'infinity'::timestamptz as known_to, vector.recorded_at, 'infinity'::timestamptz as closed_at, vector.run_id
from feature.feature_vector as vector
union all
select
  history.instrument_id, history.feature_set_version_id, history.ts, history.revision, history.values,
  history.known_from, history.known_to, history.recorded_at, history.closed_at, history.run_id
from feature.feature_vector_history as history;

comment on view feature.feature_vector_version is
E'@primaryKey instrument_id,feature_set_version_id,ts,revision\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nEvery revision of every feature vector, current and closed. known_from and known_to say when it was the one to know, recorded_at and closed_at when marketbase held it.';
comment on column feature.feature_vector_version.instrument_id is 'Instrument.';
comment on column feature.feature_vector_version.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_vector_version.ts is 'Start of the bar.';
comment on column feature.feature_vector_version.revision is 'Number of the revision, from 1.';
comment on column feature.feature_vector_version.values is 'Values in the order of feature_set_version.feature_names; null during warm-up.';
comment on column feature.feature_vector_version.known_from is 'From when the values could be known.';
comment on column feature.feature_vector_version.known_to is 'Until when they were the ones to know (excluded); infinity for the current ones.';
comment on column feature.feature_vector_version.recorded_at is 'When marketbase stored them.';
comment on column feature.feature_vector_version.closed_at is 'When marketbase closed them; infinity for the current ones.';
comment on column feature.feature_vector_version.run_id is 'Run that computed them.';

revoke all on feature.feature_vector_version from public;
grant select on feature.feature_vector_version to marketbase_reader;
