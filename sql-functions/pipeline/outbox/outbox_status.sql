-- How it stands with what is told to the outside.
create or replace view pipeline.outbox_status with (security_invoker = true) as
select
  destination.name as destination,
  destination.kind,
  destination.is_active,
  coalesce(counted.waiting, 0) as waiting,
  coalesce(counted.delivered, 0) as delivered,
  coalesce(counted.dead, 0) as dead,
  oldest.queued_at as oldest_waiting_at,
  oldest.next_attempt_at,
  oldest.attempts,
  counted.last_delivered_at,
  coalesce(oldest.last_error, dead.last_error) as last_error
from pipeline.alert_destination as destination
left join (
  select
    delivery.destination,
    count(*) filter (where delivery.delivered_at is null and delivery.dead_at is null) as waiting,
    count(*) filter (where delivery.delivered_at is not null) as delivered,
    count(*) filter (where delivery.dead_at is not null) as dead,
    max(delivery.delivered_at) as last_delivered_at
  from pipeline.outbox_delivery as delivery
  group by delivery.destination
) as counted on counted.destination = destination.name
left join lateral (
  select event.created_at as queued_at, delivery.next_attempt_at, delivery.attempts, delivery.last_error
  from pipeline.outbox_delivery as delivery
  join pipeline.outbox_event as event on event.event_id = delivery.event_id
  where delivery.destination = destination.name and delivery.delivered_at is null and delivery.dead_at is null
  order by delivery.position
  limit 1
) as oldest on true
left join lateral (
  select delivery.last_error
  from pipeline.outbox_delivery as delivery
  where delivery.destination = destination.name and delivery.dead_at is not null
  order by delivery.dead_at desc
  limit 1
) as dead on true;

comment on view pipeline.outbox_status is
E'@primaryKey destination\nEach destination with what waits for it, what it took and what was given up.';
comment on column pipeline.outbox_status.destination is 'Destination.';
comment on column pipeline.outbox_status.kind is 'webhook or openlineage.';
comment on column pipeline.outbox_status.is_active is 'False while it is paused.';
comment on column pipeline.outbox_status.waiting is 'Events that wait to be sent.';
comment on column pipeline.outbox_status.delivered is 'Events that it took.';
comment on column pipeline.outbox_status.dead is 'Events that were given up; pipeline.retry_deliveries sends them after all.';
comment on column pipeline.outbox_status.oldest_waiting_at is 'When the first of the waiting events was queued; null where none waits.';
comment on column pipeline.outbox_status.next_attempt_at is 'When that event is sent next.';
comment on column pipeline.outbox_status.attempts is 'How often it was sent.';
comment on column pipeline.outbox_status.last_delivered_at is 'When it took an event last.';
comment on column pipeline.outbox_status.last_error is 'Why the first of the waiting events, or else the last dead one, was not taken; null where neither failed.';

grant select on pipeline.outbox_status to marketbase_auditor, marketbase_worker;
