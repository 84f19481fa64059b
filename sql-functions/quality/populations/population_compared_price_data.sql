-- Counts bars of which more than one provider has spoken.
create or replace function quality.population_compared_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select bar.instrument_id, count(*), min(bar.ts), max(bar.ts)
  from (
    select distinct other.instrument_id, other.bar_interval, other.ts
    from quality.other_statements(p_instrument_ids, p_from, p_to) as other
  ) as bar
  group by bar.instrument_id;
end;

comment on function quality.population_compared_price_data(bigint[], timestamptz, timestamptz) is
'Bars of each instrument from p_from to p_to, of any length, of which more than one provider has spoken and whose prices can be compared.';

revoke all on function quality.population_compared_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_compared_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
