-- A reported fact has a unit.
create or replace function quality.rule_fact_unit_present(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('unit', c.unit, 'value', c.value),
    'a unit such as USD or shares',
    'The value has no unit.'
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and coalesce(c.unit, '') = '';
end;

comment on function quality.rule_fact_unit_present(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id without a unit. p_parameters is not used.';

revoke all on function quality.rule_fact_unit_present(bigint, jsonb) from public;
grant execute on function quality.rule_fact_unit_present(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_unit_present', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact came without a unit, so its value says nothing.',
  'Look at the filing itself; ask the provider again.'
);
