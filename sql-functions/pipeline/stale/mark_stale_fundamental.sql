-- A new or restated fact has to be validated.
create or replace function pipeline.mark_stale_fundamental() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select
    changed.instrument_id, 'quality',
    min(changed.period_end)::timestamp at time zone 'UTC', max(changed.period_end)::timestamp at time zone 'UTC',
    format('%s rows: %s of market.company_fundamental', count(*), lower(tg_op))
  from changed
  group by changed.instrument_id
  union all
  -- Bars that closed before a fact was known do not depend on it; the longest bars begin 31 days before they close.
  select
    changed.instrument_id, 'fundamental_feature', date_trunc('day', min(changed.known_from), 'UTC') - interval '31 days', 'infinity',
    format('%s rows: %s of market.company_fundamental', count(*), lower(tg_op))
  from changed
  group by changed.instrument_id
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale_fundamental() is 'Trigger: marks the validation of a company''s facts as out of date, and the feature sets that use fundamentals from the bars on in which the facts became known.';

revoke all on function pipeline.mark_stale_fundamental() from public;

create or replace trigger _400_stale_insert after insert on market.company_fundamental
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_fundamental();
create or replace trigger _400_stale_update after update on market.company_fundamental
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_fundamental();
