-- Counts bars that are shorter than a day.
create or replace function quality.population_intraday_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval in ('1m', '5m', '15m', '30m', '1h')
    and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids)
  group by price.instrument_id;
end;

comment on function quality.population_intraday_price_data(bigint[], timestamptz, timestamptz) is
'Bars shorter than a day of each instrument from p_from to p_to, of exchanges whose sessions are known; an instrument without such bars is left out.';

revoke all on function quality.population_intraday_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_intraday_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
