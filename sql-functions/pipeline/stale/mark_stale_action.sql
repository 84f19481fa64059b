-- A split or a dividend changes how prices and shares before and after it compare.
create or replace function pipeline.mark_stale_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select changed.instrument_id, consumer, '-infinity', 'infinity', format('%s rows: %s of market.corporate_action', count(*), lower(tg_op))
  from changed
  cross join unnest(array['action_feature', 'fundamental_feature']) as consumer
  -- Figures per share know splits alone; adjusted prices know dividends too.
  where changed.action_type = 'split' or consumer = 'action_feature'
  group by changed.instrument_id, consumer
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  -- Rules compare a split with the prices and the splits around it.
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select
    changed.instrument_id, 'quality', (min(changed.ex_date) - 30)::timestamp at time zone 'UTC', 'infinity',
    format('%s rows: %s of market.corporate_action', count(*), lower(tg_op))
  from changed
  where changed.action_type = 'split'
  group by changed.instrument_id
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale_action() is 'Trigger: marks the feature sets that use adjusted prices as out of date for an instrument whose splits or dividends changed, and those that use fundamentals where splits changed; and the rules from a month before a changed split on.';

revoke all on function pipeline.mark_stale_action() from public;

create or replace trigger _400_stale_insert after insert on market.corporate_action
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_action();
create or replace trigger _400_stale_update after update on market.corporate_action
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_action();
create or replace trigger _400_stale_delete after delete on market.corporate_action
  referencing old table as changed
  for each statement execute function pipeline.mark_stale_action();
