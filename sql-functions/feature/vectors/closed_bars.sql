-- When older versions were given up, at the bar where that is noticed.
create or replace function feature.closed_bars(p_instrument_ids bigint[], p_bar_interval text) returns table (
  instrument_id bigint,
  ts timestamptz,
  known_to timestamptz
)
language sql stable parallel safe
begin atomic
  -- A bar that was removed is missed at the next one; it could not be missed before it was removed.
  select
    history.instrument_id,
    (
      select min(next.ts)
      from market.price_data as next
      where next.instrument_id = history.instrument_id and next.bar_interval = p_bar_interval and next.ts >= history.ts
    ) as ts,
    max(history.known_to)
  from market.price_data_history as history
  where history.instrument_id = any (p_instrument_ids) and history.bar_interval = p_bar_interval
  group by history.instrument_id, 2;
end;

comment on function feature.closed_bars(bigint[], text) is
'For bars of length p_bar_interval of p_instrument_ids that had other versions, or follow a bar that was removed: known_to, when the last of those was given up.';

revoke all on function feature.closed_bars(bigint[], text) from public;
grant execute on function feature.closed_bars(bigint[], text) to marketbase_worker, marketbase_probe;
