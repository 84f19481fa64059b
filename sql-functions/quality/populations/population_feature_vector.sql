-- Counts feature vectors.
create or replace function quality.population_feature_vector(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select vector.instrument_id, count(*), min(vector.ts), max(vector.ts)
  from feature.feature_set_version as version
  join feature.feature_vector as vector on vector.feature_set_version_id = version.feature_set_version_id
  where version.is_current and vector.instrument_id = any (p_instrument_ids) and vector.ts between p_from and p_to
  group by vector.instrument_id;
end;

comment on function quality.population_feature_vector(bigint[], timestamptz, timestamptz) is
'Feature vectors of each instrument from p_from to p_to, of the current version of each set.';

revoke all on function quality.population_feature_vector(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_feature_vector(bigint[], timestamptz, timestamptz) to marketbase_worker;
