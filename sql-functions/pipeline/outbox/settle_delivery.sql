-- What came of an attempt: delivered, to be sent again, or given up.
create or replace function pipeline.settle_delivery(
  p_event_id uuid,
  p_destination text,
  p_attempt integer,
  p_error text default null,
  p_is_final boolean default false,
  p_retry_after interval default null
) returns text
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_longest constant interval := '1 hour';
  -- Twice as long each time, between half and all of it at random, so that not all come back at once; never before the destination wants it.
  v_wait constant interval := case
    when p_retry_after is not null then p_retry_after + random() * least(p_retry_after / 10, interval '1 minute')
    else least(interval '10 seconds' * 2 ^ least(p_attempt - 1, 20), v_longest) * (0.5 + random() / 2)
  end;
  v_state text;
begin
  update pipeline.outbox_delivery as delivery
  set
    claimed_until = null,
    last_error = coalesce(left(p_error, 500), delivery.last_error),
    delivered_at = case when p_error is null then clock_timestamp() end,
    dead_at = case when p_error is not null and (p_is_final or p_attempt >= destination.max_attempts) then clock_timestamp() end,
    next_attempt_at = case when p_error is null then delivery.next_attempt_at else clock_timestamp() + v_wait end
  from pipeline.alert_destination as destination
  where delivery.event_id = p_event_id and delivery.destination = p_destination and delivery.attempts = p_attempt
    and delivery.delivered_at is null and delivery.dead_at is null
    and destination.name = delivery.destination
  returning case when delivery.delivered_at is not null then 'delivered' when delivery.dead_at is not null then 'dead' else 'waiting' end into v_state;
  return v_state;
end
$$;

comment on function pipeline.settle_delivery(uuid, text, integer, text, boolean, interval) is
'Settles attempt p_attempt of an event: delivered where p_error is NULL. Otherwise it waits, p_retry_after where the destination asked for it, else 10 seconds, twice as long each time up to an hour, and a random part less; it is dead, with the reason, after max_attempts of the destination or where another attempt makes no sense (p_is_final). Returns delivered, waiting or dead; NULL, and nothing changes, for an attempt that is not the last any more.';

revoke all on function pipeline.settle_delivery(uuid, text, integer, text, boolean, interval) from public;
grant execute on function pipeline.settle_delivery(uuid, text, integer, text, boolean, interval) to marketbase_worker;
