-- A gate that a person releases is told.
-- security definer: whoever may release a gate need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_gate_release() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_symbol constant text := (select instrument.symbol from market.instrument where instrument.instrument_id = new.instrument_id);
begin
  perform pipeline.queue_event(
    'gate', coalesce(new.step, new.dataset, v_symbol), 'critical',
    jsonb_strip_nulls(jsonb_build_object(
      'event', 'released', 'step', new.step, 'dataset', new.dataset, 'symbol', v_symbol, 'decided_by', new.decided_by, 'reason', new.reason,
      'until', internal.iso_time(new.until), 'at', internal.iso_time(new.recorded_at), 'findings', new.finding_count
    ))
  );
  return null;
end
$$;

comment on function pipeline.queue_gate_release() is
'Trigger: queues an event of kind gate for a release, with who decided and why.';

revoke all on function pipeline.queue_gate_release() from public;

create or replace trigger _900_outbox after insert on quality.gate_release
  for each row execute function pipeline.queue_gate_release();
