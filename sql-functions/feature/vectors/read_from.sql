-- The first bar that has to be read to compute a set from a given bar on.
create or replace function feature.read_from(
  p_instrument_id bigint,
  p_bar_interval text,
  p_from_ts timestamptz,
  p_lookback integer
) returns timestamptz
language sql stable parallel safe
begin atomic
  select case when p_lookback is not null and p_from_ts is not null then coalesce(
    (
      select min(earlier.ts)
      from (
        select bar.ts
        from market.price_data as bar
        where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts < p_from_ts
        order by bar.ts desc
        limit p_lookback
      ) as earlier
    ),
    p_from_ts
  ) end;
end;

comment on function feature.read_from(bigint, text, timestamptz, integer) is
'Start of the bar that lies p_lookback bars before p_from_ts, or of the first there is after that. NULL, no limit, where p_from_ts or p_lookback (unbounded) is NULL.';

revoke all on function feature.read_from(bigint, text, timestamptz, integer) from public;
grant execute on function feature.read_from(bigint, text, timestamptz, integer) to marketbase_worker;
