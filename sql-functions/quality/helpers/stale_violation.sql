-- What is wrong with a bar in a run of equal bars.
create or replace function quality.stale_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  select quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'volume', bar.volume, 'equal_bars', bar.equal_bars),
    format('other prices than on each of the %s sessions before', (p_parameters ->> 'bars')::integer - 1),
    format('The prices of %s are those of each of the %s sessions before.', bar.session_date, (p_parameters ->> 'bars')::integer - 1)
  )
  from (
    select count(*) as bars, count(*) filter (where latest.is_still) as still
    from (
      select
        price.open = lead(price.open) over latest_first and price.high = lead(price.high) over latest_first
          and price.low = lead(price.low) over latest_first and price.close = lead(price.close) over latest_first as is_still
      from market.price_data as price
      where price.instrument_id = bar.instrument_id and price.bar_interval = bar.bar_interval and price.ts <= bar.ts
      window latest_first as (order by price.ts desc)
      order by price.ts desc
      -- The run itself says nothing of what is usual.
      offset bar.equal_bars
      limit 60
    ) as latest
  ) as before
  where before.bars < (p_parameters ->> 'min_sample')::bigint
    or power((before.still + 1)::double precision / (before.bars + 2), bar.equal_bars - 1) <= (p_parameters ->> 'chance')::double precision;
end;

comment on function quality.stale_violation(quality.judged_bar, jsonb) is
'The violation of price_stale_run by a bar at the end of equal_bars equal ones, with the parameters of that rule; NULL where such a run is nothing unusual. How often the instrument stands still is the share of the 60 bars before the run that equal the bar before them (by the rule of succession of Laplace, (k + 1) / (n + 2)); if it does so independently from bar to bar, a run of that length begins with a probability of that share to the power of equal_bars - 1. Where fewer than min_sample bars are before the run it is unusual.';

revoke all on function quality.stale_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.stale_violation(quality.judged_bar, jsonb) to marketbase_worker;
