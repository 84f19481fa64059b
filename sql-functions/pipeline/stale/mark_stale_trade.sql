-- A new trade changes positions, performance and risk from its session on.
create or replace function pipeline.mark_stale_trade() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select
    added.instrument_id, consumer,
    min(added.session_date)::timestamp at time zone 'UTC', max(added.session_date)::timestamp at time zone 'UTC',
    format('%s rows: insert of portfolio.trade', count(*))
  from added
  cross join unnest(array['portfolio', 'risk']) as consumer
  group by added.instrument_id, consumer
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale_trade() is 'Trigger: marks positions, performance and risk as out of date from the session of a new trade.';

revoke all on function pipeline.mark_stale_trade() from public;

create or replace trigger _400_stale_insert after insert on portfolio.trade
  referencing new table as added
  for each statement execute function pipeline.mark_stale_trade();
