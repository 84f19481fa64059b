-- A person has mended a destination: what was given up is sent after all.
create or replace function pipeline.retry_deliveries(p_destination text default null) returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  perform pipeline.require_destination(p_destination) where p_destination is not null;
  update pipeline.outbox_delivery as delivery
  set attempts = 0, dead_at = null, next_attempt_at = clock_timestamp()
  where (p_destination is null or delivery.destination = p_destination)
    and delivery.delivered_at is null and (delivery.dead_at is not null or delivery.attempts > 0 and delivery.claimed_until is null);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function pipeline.retry_deliveries(text) is
'Has everything that p_destination (NULL: any destination) did not take sent again, now and in order, what was given up as well; the attempts are counted anew. Returns how many events that are. MB002 for an unknown destination.';

revoke all on function pipeline.retry_deliveries(text) from public;
grant execute on function pipeline.retry_deliveries(text) to marketbase_worker;
