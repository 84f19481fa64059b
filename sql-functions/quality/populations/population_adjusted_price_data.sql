-- Counts daily bars, or weekly ones of an instrument without daily bars, that have an adjusted close.
create or replace function quality.population_adjusted_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from unnest(p_instrument_ids) as asked (instrument_id)
  cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
  join market.price_data as price
    on price.instrument_id = asked.instrument_id and price.bar_interval = judged.bar_interval and price.ts between p_from and p_to
  where price.adjusted_close is not null
  group by price.instrument_id;
end;

comment on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars (weekly ones of an instrument without daily bars) with an adjusted close of each instrument from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
