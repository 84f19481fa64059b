-- Counts the values that the last audit read in Redis.
create or replace function quality.population_online_vector(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select reading.instrument_id, count(*), min(reading.ts), max(reading.ts)
  from feature.online_check as reading
  where reading.instrument_id = any (p_instrument_ids) and reading.read_at between p_from and p_to
  group by reading.instrument_id;
end;

comment on function quality.population_online_vector(bigint[], timestamptz, timestamptz) is
'Values of each instrument that the last audit read in Redis from p_from to p_to and that are of the current generation, from the bar of the first to that of the last.';

revoke all on function quality.population_online_vector(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_online_vector(bigint[], timestamptz, timestamptz) to marketbase_worker;
