-- How far back a feature looks, as a time.
create or replace function lineage.window_start(p_instrument_id bigint, p_lookback integer, p_ts timestamptz) returns timestamptz
language sql stable parallel safe
begin atomic
  select min(reached.ts)
  from (
    select bar.ts
    from market.price_data bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.ts <= p_ts
    order by bar.ts desc
    limit p_lookback::bigint + 1
  ) reached;
end;

comment on function lineage.window_start(bigint, integer, timestamptz) is
'Start of the bar that lies p_lookback bars before the one at p_ts, or of the first bar when there are fewer or p_lookback is NULL (all of them). NULL without bars.';

revoke all on function lineage.window_start(bigint, integer, timestamptz) from public;
grant execute on function lineage.window_start(bigint, integer, timestamptz) to marketbase_reader;
