-- One name for each length of bars, whatever a provider calls it.
create or replace function market.bar_interval(p_name text) returns text
language sql immutable parallel safe
begin atomic
  select case
    when length.months = 1 then '1mo'
    when length.months > 1 then null
    else market.bar_interval_of(length.minutes)
  end
  from (
    select
      case when unit.name in ('mo', 'mon', 'month', 'months', 'monthly') then word.number end as months,
      word.number * case
        when unit.name in ('m', 'min', 'mins', 'minute', 'minutes') then 1
        when unit.name in ('h', 'hr', 'hour', 'hours', 'hourly') then 60
        when unit.name in ('d', 'day', 'days', 'daily') then 1440
        when unit.name in ('w', 'wk', 'week', 'weeks', 'weekly') then 10080
      end as minutes
    from (
      select coalesce(parts[1], '1')::integer as number, parts[2] as unit
      from regexp_match(p_name, '^\s*(\d{1,5})?[ _-]?([A-Za-z]+)\s*$') as parts
    ) as word
    -- Binance writes 1m for a minute and 1M for a month.
    cross join lateral (select case when word.unit = 'M' then 'mo' else lower(word.unit) end as name) as unit
  ) as length;
end;

comment on function market.bar_interval(text) is
'The length of bars as market.price_data writes it (1m, 90m, 1h, 1d, 1w, 1mo) for the names that providers use: 1min, 60min, 1hour, daily, 1wk, weekly, 1month, monthly, 1M. NULL for what is no length between a minute and a month, and for NULL.';

revoke all on function market.bar_interval(text) from public;
grant execute on function market.bar_interval(text) to marketbase_reader;
