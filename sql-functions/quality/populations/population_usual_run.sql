-- Counts kinds of runs of which it is known what is usual.
create or replace function quality.population_usual_run(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select null::bigint, count(distinct (usual.flow, usual.step, usual.subject)), min(usual.finished_at), max(usual.finished_at)
  from quality.usual_run(10) as usual;
end;

comment on function quality.population_usual_run(bigint[], timestamptz, timestamptz) is
'How many kinds of runs quality.usual_run has, whatever the arguments; from the oldest of their last runs to the newest.';

revoke all on function quality.population_usual_run(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_usual_run(bigint[], timestamptz, timestamptz) to marketbase_worker;
