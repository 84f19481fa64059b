-- The bars of an instrument, each with the time from when the series up to it could be known.
create or replace function feature.known_bars(
  p_instrument_id bigint,
  p_bar_interval text,
  p_from_ts timestamptz default null,
  p_to_ts timestamptz default null
) returns table (
  ts timestamptz,
  known_from timestamptz,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision
)
language sql stable parallel safe
begin atomic
  select bar.ts, greatest(bar.known_from, closed.known_to), bar.open, bar.high, bar.low, bar.close, bar.volume
  from market.price_data as bar
  left join (
    -- A bar that was removed is missed at the next one; it could not be missed before it was removed.
    select
      (
        select min(next.ts)
        from market.price_data as next
        where next.instrument_id = p_instrument_id and next.bar_interval = p_bar_interval and next.ts >= history.ts
      ) as ts,
      max(history.known_to) as known_to
    from market.price_data_history as history
    where history.instrument_id = p_instrument_id and history.bar_interval = p_bar_interval
    group by 1
  ) as closed on closed.ts = bar.ts
  where bar.instrument_id = p_instrument_id
    and bar.bar_interval = p_bar_interval
    and bar.ts between coalesce(p_from_ts, '-infinity') and coalesce(p_to_ts, 'infinity');
end;

comment on function feature.known_bars(bigint, text, timestamptz, timestamptz) is
'The current bars of p_instrument_id of length p_bar_interval from p_from_ts to p_to_ts (NULL: no limit), for computing features.
known_from is that of the bar, or the time at which an older version of it, or a bar before it that is gone, was given up, if that is later.';

revoke all on function feature.known_bars(bigint, text, timestamptz, timestamptz) from public;
grant execute on function feature.known_bars(bigint, text, timestamptz, timestamptz) to marketbase_worker, marketbase_probe;
