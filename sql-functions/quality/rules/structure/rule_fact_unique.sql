-- A filing gives one value for a fact.
create or replace function quality.rule_fact_unique(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with contradictory as (
    select c.instrument_id, c.taxonomy, c.concept, c.unit, c.period_start, c.period_end, c.accession, count(*) as row_count
    from ingest.candidate_fact as c
    where c.raw_response_id = p_raw_response_id and c.accession is not null
    group by c.instrument_id, c.taxonomy, c.concept, c.unit, c.period_start, c.period_end, c.accession
    having count(distinct c.value) > 1
  )
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('value', c.value, 'accession', c.accession, 'rows', contradictory.row_count),
    'one value of a fact in a filing',
    format('The filing %s gives this fact %s times, with different values.', c.accession, contradictory.row_count)
  from contradictory
  join ingest.candidate_fact as c
    on c.raw_response_id = p_raw_response_id
    and c.instrument_id is not distinct from contradictory.instrument_id
    and c.taxonomy is not distinct from contradictory.taxonomy
    and c.concept is not distinct from contradictory.concept
    and c.unit is not distinct from contradictory.unit
    and c.period_start is not distinct from contradictory.period_start
    and c.period_end is not distinct from contradictory.period_end
    and c.accession = contradictory.accession;
end;

comment on function quality.rule_fact_unique(bigint, jsonb) is
'Candidate facts that one filing gives more than once with different values in the body p_raw_response_id: all of them. p_parameters is not used.';

revoke all on function quality.rule_fact_unique(bigint, jsonb) from public;
grant execute on function quality.rule_fact_unique(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_unique', 'candidate_fact', 'structure', 'error', '{}',
  'One filing gives different values for one fact, and nothing says which is right; the last one read is kept.',
  'Look at the filing itself; values of different precision of the same fact are one case.'
);
