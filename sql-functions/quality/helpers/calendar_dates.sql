-- The days on which an exchange trades, as one sorted array.
create or replace function quality.calendar_dates(p_mic text)
returns date[]
language sql
stable
parallel safe
return (
  select array_agg(day order by day)
  from (select min(price.session_date) as first_date, max(price.session_date) as last_date from market.price_data as price) as stored
  cross join lateral market.session_dates(p_mic, stored.first_date, stored.last_date) as day
);

comment on function quality.calendar_dates(text) is
'The days on which the exchange p_mic trades (market.session_dates), sorted, from the first to the last session of which any bar is stored. width_bucket(day, dates) counts those up to a day in no time. NULL for an exchange without such days.';

revoke all on function quality.calendar_dates(text) from public;
grant execute on function quality.calendar_dates(text) to marketbase_worker;
