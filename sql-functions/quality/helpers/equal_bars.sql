-- For how many bars prices have stood still.
create or replace function quality.equal_bars(p_instrument_id bigint, p_bar_interval text, p_ts timestamptz)
returns bigint
language sql
stable
parallel safe
return (
  select count(*) filter (where bar.differences = 0)
  from (
    select
      count(*) filter (where (price.open, price.high, price.low, price.close) <> (latest.open, latest.high, latest.low, latest.close))
        over (order by price.ts desc) as differences
    from market.price_data as latest
    cross join lateral (
      select earlier.ts, earlier.open, earlier.high, earlier.low, earlier.close
      from market.price_data as earlier
      where earlier.instrument_id = latest.instrument_id and earlier.bar_interval = latest.bar_interval and earlier.ts <= latest.ts
      order by earlier.ts desc
      limit 61
    ) as price
    where latest.instrument_id = p_instrument_id and latest.bar_interval = p_bar_interval and latest.ts = p_ts
  ) as bar
);

comment on function quality.equal_bars(bigint, text, timestamptz) is
'How many bars up to that of p_ts, itself included, at most 61, have its open, high, low and close, without a break. 0 where there is no such bar.';

revoke all on function quality.equal_bars(bigint, text, timestamptz) from public;
grant execute on function quality.equal_bars(bigint, text, timestamptz) to marketbase_worker;
