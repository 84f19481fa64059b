-- Counts series of values at risk that can be tested.
create or replace function quality.population_var_series(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select null::bigint, count(*), min(series.first_date)::timestamp at time zone 'UTC', max(series.last_date)::timestamp at time zone 'UTC'
  from quality.var_series(null) as series;
end;

comment on function quality.population_var_series(bigint[], timestamptz, timestamptz) is
'How many series of values at risk quality.var_series has, whatever the arguments: a backtest is always of a whole series.';

revoke all on function quality.population_var_series(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_var_series(bigint[], timestamptz, timestamptz) to marketbase_worker;
