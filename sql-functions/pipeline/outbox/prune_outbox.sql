-- What every destination took long ago is forgotten.
create or replace function pipeline.prune_outbox(p_keep interval default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- So many at once, that nobody waits for it.
  most constant integer := 10000;
  keep interval := p_keep;
  setting text;
  pruned bigint;
begin
  if keep is null then
    setting := coalesce(nullif(current_setting('marketbase.outbox_retention', true), ''), '30 days');
    if not pg_input_is_valid(setting, 'interval') then
      raise exception using
        errcode = 'MB001',
        message = format('the setting marketbase.outbox_retention is %L, which is no span of time', setting),
        hint = 'alter database … set marketbase.outbox_retention = ''30 days''.';
    end if;
    keep := setting::interval;
  end if;
  if keep < interval '1 day' then
    raise exception using
      errcode = 'MB001',
      message = format('what was delivered is kept for a day at least, not for %s', keep),
      hint = 'Such as 30 days.';
  end if;
  with old as (
    select event.event_id
    from pipeline.outbox_event as event
    where event.created_at < now() - keep
      -- An earlier release sealed them in the audit chain: what lies in a block stays.
      and event.created_at > coalesce((select max(block.sealed_at) from lineage.audit_block as block where block.stream = 'pipeline.outbox_event'), '-infinity')
      and not exists (
        select
        from pipeline.outbox_delivery as delivery
        where delivery.event_id = event.event_id and (delivery.delivered_at is null or delivery.delivered_at >= now() - keep)
      )
    order by event.created_at
    limit most
  ),
  way as (
    delete from pipeline.outbox_delivery as delivery using old where delivery.event_id = old.event_id
  ),
  gone as (
    delete from pipeline.outbox_event as event using old where event.event_id = old.event_id returning event.event_id
  )
  select count(*) into pruned from gone;
  return pruned;
end
$$;

comment on function pipeline.prune_outbox(interval) is
E'@behavior -*\nDeletes events that every destination took p_keep ago or earlier, 10,000 at most, the oldest first, and returns how many; those of which a destination was removed count as taken by it. What waits, or was given up, stays. p_keep NULL: the setting marketbase.outbox_retention (alter database … set marketbase.outbox_retention = ''90 days''), 30 days without it.\nErrors: MB001 for less than a day, and for a setting that is no interval.';

revoke all on function pipeline.prune_outbox(interval) from public;
grant execute on function pipeline.prune_outbox(interval) to marketbase_worker;
