-- Counts daily bars of equities, or weekly ones of those without daily bars.
create or replace function quality.population_equity_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.instrument as instrument
  cross join lateral (select quality.judged_interval(instrument.instrument_id) as bar_interval) as judged
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id and price.bar_interval = judged.bar_interval and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and instrument.asset_class = 'equity'
  group by price.instrument_id;
end;

comment on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars (weekly ones of an instrument without daily bars) of each equity from p_from to p_to; other instruments are left out.';

revoke all on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
