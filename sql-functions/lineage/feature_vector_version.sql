-- Every revision of every vector, current and closed, with the span in which marketbase held it.
create or replace view lineage.feature_vector_version with (security_invoker = true) as
select instrument_id, feature_set_version_id, ts, revision, run_id, recorded_at, 'infinity'::timestamptz as closed_at
from feature.feature_vector
union all
select instrument_id, feature_set_version_id, ts, revision, run_id, recorded_at, closed_at
from feature.feature_vector_history;

comment on view lineage.feature_vector_version is
E'@behavior -select -connection -list\nEvery revision of every feature vector, current and closed, without its values: what traces walk along.';
comment on column lineage.feature_vector_version.instrument_id is 'Instrument.';
comment on column lineage.feature_vector_version.feature_set_version_id is 'Version of the feature set.';
comment on column lineage.feature_vector_version.ts is 'Start of the bar.';
comment on column lineage.feature_vector_version.revision is 'Number of the revision, from 1.';
comment on column lineage.feature_vector_version.run_id is 'Run that computed it.';
comment on column lineage.feature_vector_version.recorded_at is 'When it was stored.';
comment on column lineage.feature_vector_version.closed_at is 'When it was closed; infinity for the current one.';

grant select on lineage.feature_vector_version to marketbase_reader;
