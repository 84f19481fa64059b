-- Changed vectors of a first stage make the cross-sections at their times out of date.
create or replace function pipeline.mark_stale_cross_section() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into feature.stale_cross_section (feature_set_id, from_ts, to_ts, reason)
  select island.feature_set_id, min(island.ts), max(island.ts), format('%s of %I.%I', lower(tg_op), tg_table_schema, tg_table_name)
  from (
    select moment.feature_set_id, moment.ts, sum(moment.begins) over (partition by moment.feature_set_id order by moment.ts) as number
    from (
      -- Times that lie closer than a long weekend are one span.
      select
        changed.feature_set_id, changed.ts,
        case when changed.ts - lag(changed.ts) over (partition by changed.feature_set_id order by changed.ts) <= interval '4 days' then 0 else 1 end as begins
      from (
        -- Joined first, so that nothing is read where no set compares.
        select distinct parent.feature_set_id, changed.ts
        from changed
        join feature.feature_set_version as parent on parent.base_version_id = changed.feature_set_version_id and parent.is_current
      ) as changed
    ) as moment
  ) as island
  group by island.feature_set_id, island.number;
  return null;
end
$$;

comment on function pipeline.mark_stale_cross_section() is
'Trigger: marks in feature.stale_cross_section the times of changed vectors for the set that compares them; in the same transaction, so that a change is never without its mark.';

revoke all on function pipeline.mark_stale_cross_section() from public;

create or replace trigger _410_stale_insert after insert on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_cross_section();
create or replace trigger _410_stale_update after update on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_cross_section();
create or replace trigger _410_stale_delete after delete on feature.feature_vector
  referencing old table as changed
  for each statement execute function pipeline.mark_stale_cross_section();
