-- Something happened that has to be told: it is queued in the same transaction.
create or replace function pipeline.queue_event(
  p_kind text,
  p_subject text,
  p_severity text,
  p_payload jsonb,
  p_run_id bigint default null,
  p_rule text default null,
  p_occurred_at timestamptz default now()
) returns uuid
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_event_id constant uuid := internal.content_uuid(jsonb_build_array(p_kind, p_subject, p_payload)::text);
  v_destinations constant text[] := array(select pipeline.wanting_destinations(p_kind, p_severity, p_rule));
begin
  if cardinality(v_destinations) = 0 then
    return null;
  end if;
  insert into pipeline.outbox_event (event_id, kind, subject, severity, run_id, payload, occurred_at)
  values (v_event_id, p_kind, p_subject, p_severity, p_run_id, p_payload, p_occurred_at)
  on conflict (event_id) do nothing;
  insert into pipeline.outbox_delivery (event_id, destination)
  select v_event_id, wanting.name from unnest(v_destinations) as wanting (name) order by wanting.name
  on conflict (event_id, destination) do nothing;
  return v_event_id;
end
$$;

comment on function pipeline.queue_event(text, text, text, jsonb, bigint, text, timestamptz) is
'Queues an event for each destination that wants it, in the transaction of the caller: what is rolled back is not told. p_kind is validation, finding, gate or run, p_subject what it is about, p_severity critical, error, warning or info, p_payload a JSON object, p_rule the rule that it concerns (NULL: none). Returns its identity, which follows from kind, subject and payload: what was queued before is not queued again. NULL, and nothing is written, where nobody wants it.';

revoke all on function pipeline.queue_event(text, text, text, jsonb, bigint, text, timestamptz) from public;
grant execute on function pipeline.queue_event(text, text, text, jsonb, bigint, text, timestamptz) to marketbase_worker;
