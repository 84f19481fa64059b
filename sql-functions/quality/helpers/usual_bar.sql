-- What was usual for an instrument in the 60 bars before a time.
create or replace function quality.usual_bar(p_instrument_id bigint, p_bar_interval text, p_ts timestamptz)
returns quality.usual_bar
language sql
stable
parallel safe
begin atomic
  select row(
    count(*),
    min(least(nullif(bar.high - bar.low, 0), nullif(abs(bar.close - bar.open), 0), nullif(abs(bar.close - bar.previous_close), 0))),
    percentile_cont(0.5) within group (order by bar.volume),
    percentile_cont(0.5) within group (order by abs(bar.move)),
    percentile_cont(0.5) within group (order by ln(bar.high / bar.low)),
    count(*) filter (where quality.is_off_cent(bar.open) or quality.is_off_cent(bar.high) or quality.is_off_cent(bar.low) or quality.is_off_cent(bar.close)),
    array_agg(bar.move),
    array_agg(ln(nullif(bar.volume, 0)))
  )::quality.usual_bar
  from (
    select
      latest.*,
      -- A day without a trade repeats the close: that is no move.
      case when latest.volume > 0 or latest.close <> latest.previous_close then ln(latest.close / latest.previous_close) end as move
    from (
      select price.open, price.high, price.low, price.close, price.volume, lead(price.close) over (order by price.ts desc) as previous_close
      from market.price_data as price
      where price.instrument_id = p_instrument_id and price.bar_interval = p_bar_interval and price.ts < p_ts
      order by price.ts desc
      limit 60
    ) as latest
  ) as bar;
end;

comment on function quality.usual_bar(bigint, text, timestamptz) is
'What was usual in the 60 bars of an instrument before p_ts. A bar without volume that repeats the close before has no move: instruments that trade seldom are measured by the days on which they do. Without such bars bars is 0 and the rest NULL. For bars that stick out: it reads the bars of one.';

revoke all on function quality.usual_bar(bigint, text, timestamptz) from public;
grant execute on function quality.usual_bar(bigint, text, timestamptz) to marketbase_worker;
