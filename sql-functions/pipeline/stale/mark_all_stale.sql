-- For those who want everything looked at again.
create or replace function pipeline.mark_all_stale(p_consumer text) returns bigint
language sql volatile parallel unsafe
begin atomic
  with marked as (
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select bar.instrument_id, p_consumer, min(bar.ts), max(bar.ts), 'asked for'
    from market.price_data bar
    group by bar.instrument_id
    on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at
    returning 1
  )
  select count(*) from marked;
end;

comment on function pipeline.mark_all_stale(text) is
'Marks all bars of every instrument for p_consumer (quality, feature, ml, portfolio or risk) and returns how many instruments that were. Work that finds nothing different writes nothing.';

revoke all on function pipeline.mark_all_stale(text) from public;
grant execute on function pipeline.mark_all_stale(text) to marketbase_worker;
