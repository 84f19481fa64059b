-- Whoever changes data marks what depends on it; the trigger's arguments are the consumers.
create or replace function pipeline.mark_stale() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select span.instrument_id, consumer, span.from_ts, span.to_ts, format('%s rows: %s of %I.%I', span.rows, lower(tg_op), tg_table_schema, tg_table_name)
  from (
    select changed.instrument_id, min(changed.ts) as from_ts, max(changed.ts) as to_ts, count(*) as rows
    from changed
    group by changed.instrument_id
  ) as span
  cross join unnest(tg_argv) as consumer
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale() is
'Trigger: marks the span of the changed rows in pipeline.stale_range for each consumer that its arguments name.';

revoke all on function pipeline.mark_stale() from public;

create or replace trigger _400_stale_insert after insert on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('quality', 'feature', 'ml', 'portfolio', 'risk');
create or replace trigger _400_stale_update after update on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('quality', 'feature', 'ml', 'portfolio', 'risk');
create or replace trigger _400_stale_delete after delete on market.price_data
  referencing old table as changed
  for each statement execute function pipeline.mark_stale('quality', 'feature', 'ml', 'portfolio', 'risk');
create or replace trigger _400_stale_insert after insert on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('ml');
create or replace trigger _400_stale_update after update on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('ml');
create or replace trigger _400_stale_delete after delete on feature.feature_vector
  referencing old table as changed
  for each statement execute function pipeline.mark_stale('ml');
create or replace trigger _400_stale_insert after insert on market.price_observation
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('quality');
