-- The last bar that looks back on a changed one.
create or replace function feature.reach_of_change(
  p_instrument_id bigint,
  p_bar_interval text,
  p_ts timestamptz,
  p_lookback integer
) returns timestamptz
language sql stable parallel safe
begin atomic
  select case
    when p_lookback = 0 then p_ts
    when p_lookback > 0 then (
      select bar.ts
      from market.price_data as bar
      where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts > p_ts
      order by bar.ts
      offset p_lookback - 1
      limit 1
    )
  end;
end;

comment on function feature.reach_of_change(bigint, text, timestamptz, integer) is
'Start of the bar that lies p_lookback bars after p_ts, where bars are of length p_bar_interval: the last one that depends on the bar at p_ts.
NULL where there are fewer bars, or for NULL as p_lookback (unbounded): every later bar depends on it.';

revoke all on function feature.reach_of_change(bigint, text, timestamptz, integer) from public;
grant execute on function feature.reach_of_change(bigint, text, timestamptz, integer) to marketbase_worker;
