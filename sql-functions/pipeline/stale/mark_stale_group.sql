-- A changed membership makes the cross-sections that use it out of date, until the next change of group.
create or replace function pipeline.mark_stale_group() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into feature.stale_cross_section (feature_set_id, from_ts, to_ts, reason)
  select distinct version.feature_set_id, span.from_ts, span.to_ts, format('%s of market.instrument_group: %s', lower(tg_op), changed.kind)
  from changed
  join feature.feature_set_version as version on version.is_current and changed.kind = any (version.group_kinds)
  cross join lateral (
    select
      changed.from_date::timestamp at time zone 'UTC' as from_ts,
      coalesce(
        (
          select min(next.from_date)::timestamp at time zone 'UTC' - interval '1 microsecond'
          from market.instrument_group as next
          where next.instrument_id = changed.instrument_id and next.kind = changed.kind and next.from_date > changed.from_date
        ),
        'infinity'
      ) as to_ts
  ) as span
  where exists (
    select
    from feature.feature_vector as vector
    where vector.instrument_id = changed.instrument_id and vector.feature_set_version_id = version.base_version_id
      and vector.ts between span.from_ts and span.to_ts
  );
  return null;
end
$$;

comment on function pipeline.mark_stale_group() is
'Trigger: marks in feature.stale_cross_section, for each set that compares within groups of the kind, the time of a changed membership, where the instrument has vectors then.';

revoke all on function pipeline.mark_stale_group() from public;

create or replace trigger _400_stale_insert after insert on market.instrument_group
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_group();
create or replace trigger _400_stale_update after update on market.instrument_group
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_group();
