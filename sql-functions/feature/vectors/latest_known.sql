-- From when a window of bars could be known: a value is known when the last of its bars is.
create or replace function feature.latest_known(
  p_instrument_id bigint,
  p_bar_interval text,
  p_ts timestamptz,
  p_lookback integer
) returns timestamptz
language sql stable parallel safe
begin atomic
  with recent as (
    select bar.ts, bar.known_from
    from market.price_data as bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts <= p_ts
    order by bar.ts desc
    limit p_lookback + 1
  )
  select greatest(
    (select max(recent.known_from) from recent),
    (
      select max(history.known_to)
      from market.price_data_history as history
      where history.instrument_id = p_instrument_id
        and history.bar_interval = p_bar_interval
        and history.ts <= p_ts
        and history.ts > coalesce(
          (
            select max(bar.ts)
            from market.price_data as bar
            where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts < (select min(recent.ts) from recent)
          ),
          '-infinity'
        )
    )
  );
end;

comment on function feature.latest_known(bigint, text, timestamptz, integer) is
'The latest time at which the bar at p_ts, the p_lookback bars before it (NULL: all), their older versions given up and the bars removed between them became known. NULL where there is no bar.';

revoke all on function feature.latest_known(bigint, text, timestamptz, integer) from public;
grant execute on function feature.latest_known(bigint, text, timestamptz, integer) to marketbase_worker, marketbase_probe;
