-- A worker takes what is to be sent now: of each destination the first event that waits.
create or replace function pipeline.take_deliveries(p_destination text default null, p_lease interval default '30 seconds') returns setof pipeline.delivery
language sql volatile parallel unsafe
begin atomic
  with free as (
    -- Of two workers at once one has the destination: its events go one after the other.
    select destination.*
    from pipeline.alert_destination as destination
    where destination.is_active and (p_destination is null or destination.name = p_destination)
    for no key update skip locked
  ),
  head as (
    select first_waiting.event_id, free.name, free.kind, free.url, free.url_variable, free.secret_variable, free.is_internal
    from free
    cross join lateral (
      select delivery.event_id
      from pipeline.outbox_delivery as delivery
      where delivery.destination = free.name and delivery.delivered_at is null and delivery.dead_at is null
      order by delivery.position
      limit 1
    ) as first_waiting
  ),
  taken as (
    update pipeline.outbox_delivery as delivery
    set attempts = delivery.attempts + 1, claimed_until = clock_timestamp() + p_lease
    from head
    where delivery.event_id = head.event_id and delivery.destination = head.name
      and delivery.delivered_at is null and delivery.dead_at is null
      and delivery.next_attempt_at <= clock_timestamp()
      and (delivery.claimed_until is null or delivery.claimed_until < clock_timestamp())
    returning head.*, delivery.attempts
  )
  select
    taken.event_id, taken.name, taken.kind, taken.url, taken.url_variable, taken.secret_variable, taken.is_internal, taken.attempts,
    case taken.kind
      when 'openlineage' then event.payload
      else jsonb_build_object(
        'id', event.event_id, 'type', event.kind, 'timestamp', internal.iso_time(event.occurred_at),
        'subject', event.subject, 'severity', event.severity, 'data', event.payload
      )
    end::text
  from taken
  join pipeline.outbox_event as event on event.event_id = taken.event_id;
end;

comment on function pipeline.take_deliveries(text, interval) is
'What is to be sent now, to p_destination or to all (NULL): of each active destination the first event that waits, if its time has come and nobody has it in hand. It counts as an attempt and is this caller''s for p_lease; pipeline.settle_delivery says what came of it. What is not settled by then, because its worker was killed, is taken again.';

revoke all on function pipeline.take_deliveries(text, interval) from public;
grant execute on function pipeline.take_deliveries(text, interval) to marketbase_worker;
