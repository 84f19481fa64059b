-- Adjusted prices accumulate: a changed bar may change all later ones.
create or replace function pipeline.mark_stale_adjusted() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if exists (select from feature.feature_set_version as version where version.is_current and 'adjusted' = any (version.sources)) then
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select changed.instrument_id, 'action_feature', min(changed.ts), 'infinity', format('%s rows: %s of market.price_data', count(*), lower(tg_op))
    from changed
    group by changed.instrument_id
    on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  end if;
  return null;
end
$$;

comment on function pipeline.mark_stale_adjusted() is
'Trigger: marks the feature sets that use adjusted prices, where there are any, as out of date from the first changed bar on, because the price of an ex-date counts in every later one.';

revoke all on function pipeline.mark_stale_adjusted() from public;

create or replace trigger _410_stale_adjusted_insert after insert on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_adjusted();
create or replace trigger _410_stale_adjusted_update after update on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_adjusted();
create or replace trigger _410_stale_adjusted_delete after delete on market.price_data
  referencing old table as changed
  for each statement execute function pipeline.mark_stale_adjusted();
