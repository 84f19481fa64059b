-- The bar before one, with its own predecessor and actions.
create or replace function quality.bar_before(bar quality.judged_bar)
returns table (ts timestamptz, session_date date, close double precision, close_before double precision, action quality.actions_taken)
language sql
stable
parallel safe
begin atomic
  select
    latest.ts, latest.session_date, latest.close, latest.close_before,
    quality.actions_between(bar.instrument_id, latest.date_before + week.days, latest.session_date + week.days)
  from (
    select
      price.ts, price.session_date, price.close,
      lead(price.close) over latest_first as close_before,
      lead(price.session_date) over latest_first as date_before
    from market.price_data as price
    where price.instrument_id = bar.instrument_id and price.bar_interval = bar.bar_interval and price.ts < bar.ts
    window latest_first as (order by price.ts desc)
    limit 1
  ) as latest
  cross join (select case bar.bar_interval when '1w' then 6 else 0 end as days) as week;
end;

comment on function quality.bar_before(quality.judged_bar) is
'The bar before a judged one, the close before that, and the splits and dividends on record that took effect on it. No row for the first bar. For bars that are suspected already: it is looked up.';

revoke all on function quality.bar_before(quality.judged_bar) from public;
grant execute on function quality.bar_before(quality.judged_bar) to marketbase_worker;
