-- The bar on which a split or dividend takes effect, and the close before it.
create or replace function quality.action_bar(p_instrument_id bigint, p_bar_interval text, p_ex_date date)
returns table (ts timestamptz, session_date date, open double precision, close double precision, previous_close double precision)
language sql
stable
parallel safe
begin atomic
  select first_bar.ts, first_bar.session_date, first_bar.open, first_bar.close, bar_before.close
  from (
    select bar.ts, bar.session_date, bar.open, bar.close
    from market.price_data as bar
    where bar.instrument_id = p_instrument_id
      and bar.bar_interval = p_bar_interval
      and bar.ts >= (p_ex_date - case p_bar_interval when '1w' then 6 else 0 end)::timestamp at time zone 'UTC'
    order by bar.ts
    limit 1
  ) as first_bar
  cross join lateral (
    select bar.close
    from market.price_data as bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts < first_bar.ts
    order by bar.ts desc
    limit 1
  ) as bar_before;
end;

comment on function quality.action_bar(bigint, text, date) is
'The bar on which an action with the ex-date p_ex_date takes effect: the first one that ends after it begins, so that the action is not lost where the bar of that day is missing or was refused. No row where that would be the first bar, or is still to come.';

revoke all on function quality.action_bar(bigint, text, date) from public;
grant execute on function quality.action_bar(bigint, text, date) to marketbase_worker;
