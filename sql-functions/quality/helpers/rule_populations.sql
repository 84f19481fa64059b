-- Counts what the rules in force look at.
create or replace function quality.rule_populations(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_datasets text[])
returns setof quality.rule_population
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_population text;
begin
  for v_population in
    select distinct r.population from quality.rule_in_force as r where r.expectation is null and r.dataset = any (p_datasets) order by r.population
  loop
    return query execute format(
      'select $1, p.instrument_id, p.checked_count, p.from_ts, p.to_ts from quality.%I($2, $3, $4) as p', 'population_' || v_population
    )
    using v_population, p_instrument_ids, p_from, p_to;
  end loop;
end;
$$;

comment on function quality.rule_populations(bigint[], timestamptz, timestamptz, text[]) is
'What each population that a rule in force for p_datasets counts comes to, per instrument, from p_from to p_to.';

revoke all on function quality.rule_populations(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.rule_populations(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
