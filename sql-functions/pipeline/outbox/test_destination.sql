-- An event that tells nothing but that the way to a destination is open.
create or replace function pipeline.test_destination(p_name text) returns uuid
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_destination constant pipeline.alert_destination := pipeline.require_destination(p_name);
  v_key constant uuid := gen_random_uuid();
  v_payload constant jsonb := case v_destination.kind
    when 'openlineage' then jsonb_build_object(
      'eventType', 'OTHER', 'eventTime', internal.iso_time(clock_timestamp()), 'producer', 'urn:marketbase',
      'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
      'run', jsonb_build_object('runId', v_key),
      'job', jsonb_build_object('namespace', pipeline.openlineage_namespace(), 'name', 'alerts.test'),
      'inputs', '[]'::jsonb, 'outputs', '[]'::jsonb
    )
    else jsonb_build_object('key', v_key, 'message', format('marketbase can reach %s', p_name))
  end;
  v_event_id constant uuid := internal.content_uuid(jsonb_build_array('test', p_name, v_payload)::text);
begin
  if not v_destination.is_active then
    raise exception using errcode = 'MB008', message = format('the destination "%s" is paused', p_name), hint = 'marketbase alerts resume lets it go on.';
  end if;
  insert into pipeline.outbox_event (event_id, kind, subject, severity, payload, occurred_at)
  values (v_event_id, 'test', p_name, 'info', v_payload, clock_timestamp());
  insert into pipeline.outbox_delivery (event_id, destination) values (v_event_id, p_name);
  return v_event_id;
end
$$;

comment on function pipeline.test_destination(text) is
'Queues an event of kind test for the destination p_name alone, behind what waits there, and returns its identity; for openlineage it is a RunEvent of type OTHER of the job alerts.test. MB002 for an unknown destination, MB008 for one that is paused.';

revoke all on function pipeline.test_destination(text) from public;
grant execute on function pipeline.test_destination(text) to marketbase_worker;
