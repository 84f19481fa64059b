-- Counts an instrument that should have a recent bar.
create or replace function quality.population_instrument(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select instrument.instrument_id, 1, last_bar.ts, last_bar.ts
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  cross join lateral (
    select max(price.ts) as ts
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d'
  ) as last_bar
  where instrument.instrument_id = any (p_instrument_ids)
    and last_bar.ts is not null;
end;

comment on function quality.population_instrument(bigint[], timestamptz, timestamptz) is
'1 for each instrument with a daily bar whose exchange has known sessions; others are left out. p_from and p_to do not matter.';

revoke all on function quality.population_instrument(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_instrument(bigint[], timestamptz, timestamptz) to marketbase_worker;
