-- Splits and dividends on record, at the bars on which they take effect.
create or replace function quality.action_bars(p_instrument_ids bigint[])
returns table (instrument_id bigint, ts timestamptz, split_ratio double precision, dividend double precision)
language sql
stable
parallel safe
begin atomic
  select
    action.instrument_id,
    first_bar.ts,
    coalesce(exp(sum(ln(action.amount)) filter (where action.action_type = 'split')), 1)::double precision,
    coalesce(sum(action.amount) filter (where action.action_type = 'dividend'), 0)::double precision
  from unnest(p_instrument_ids) as asked (instrument_id)
  cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
  join market.corporate_action as action on action.instrument_id = asked.instrument_id and action.action_type in ('split', 'dividend')
  cross join lateral (
    select min(price.ts) as ts
    from market.price_data as price
    where price.instrument_id = action.instrument_id
      and price.bar_interval = judged.bar_interval
      and price.ts >= (action.ex_date - case judged.bar_interval when '1w' then 6 else 0 end)::timestamp at time zone 'UTC'
  ) as first_bar
  group by action.instrument_id, first_bar.ts;
end;

comment on function quality.action_bars(bigint[]) is
'For each bar of the judged interval on which splits or dividends of the instruments take effect: new shares per old one (1 where there is no split) and the sum of dividends per share (0 where there is none). An action takes effect on the first bar that ends after its ex-date begins, so that it is not lost where the bar of that day is missing or was refused; ts is NULL for actions after the last bar. No rows for NULL.';

revoke all on function quality.action_bars(bigint[]) from public;
grant execute on function quality.action_bars(bigint[]) to marketbase_worker;
