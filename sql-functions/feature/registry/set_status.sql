-- Each set: its version in force, its values, and what is still to be computed.
create or replace view feature.set_status with (security_invoker = true) as
select
  feature_set.name as feature_set,
  feature_set.is_active,
  version.version,
  version.in_force_from,
  cardinality(version.feature_names) as features,
  version.lookback,
  feature_set.bar_interval,
  stored.instruments,
  stored.vectors,
  stored.last_ts,
  case when feature_set.is_active then pending.marks + compared.marks else 0 end as stale_marks,
  planned.bars as planned_bars,
  planned.failed_instruments,
  planned.error as last_error
from feature.feature_set as feature_set
join feature.feature_set_version as version on version.feature_set_id = feature_set.feature_set_id and version.is_current
cross join lateral (
  select count(distinct vector.instrument_id) as instruments, count(*) as vectors, max(vector.ts) as last_ts
  from feature.feature_vector as vector
  where vector.feature_set_version_id = version.feature_set_version_id
) as stored
cross join (select count(*) as marks from pipeline.stale_range as mark where mark.consumer = 'feature') as pending
cross join lateral (
  select count(*) as marks from feature.stale_cross_section as mark where mark.feature_set_id = feature_set.feature_set_id
) as compared
cross join lateral (
  select
    coalesce(sum(part.bars) filter (where task.error is null), 0)::bigint as bars,
    count(distinct part.instrument_id) filter (where task.error is not null) as failed_instruments,
    max(task.error) as error
  from feature.computation_task as task
  cross join lateral unnest(task.instrument_ids, task.bars) as part (instrument_id, bars)
  where task.feature_set_id = feature_set.feature_set_id
) as planned;

comment on view feature.set_status is E'@primaryKey feature_set\nEach set with its version in force, how many values it has, and what is still to be computed.';
comment on column feature.set_status.feature_set is 'Name of the set.';
comment on column feature.set_status.is_active is 'Whether it is computed whenever bars change.';
comment on column feature.set_status.version is 'Version in force.';
comment on column feature.set_status.in_force_from is 'Since when.';
comment on column feature.set_status.features is 'Number of features.';
comment on column feature.set_status.lookback is 'Earlier bars that a value depends on; null where it depends on all of them.';
comment on column feature.set_status.bar_interval is 'Length of its bars.';
comment on column feature.set_status.instruments is 'Instruments with values of this version.';
comment on column feature.set_status.vectors is 'Bars with values of this version.';
comment on column feature.set_status.last_ts is 'Start of the last bar with values.';
comment on column feature.set_status.stale_marks is 'Spans of changed bars, and of cross-sections to compare, that nobody has looked at yet.';
comment on column feature.set_status.planned_bars is 'Bars that are planned and not yet computed.';
comment on column feature.set_status.failed_instruments is 'Instruments that could not be computed.';
comment on column feature.set_status.last_error is 'Why not.';

revoke all on feature.set_status from public;
grant select on feature.set_status to marketbase_reader;
