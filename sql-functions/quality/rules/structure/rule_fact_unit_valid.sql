-- A unit is one that facts have.
create or replace function quality.rule_fact_unit_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('unit', c.unit),
    'a unit such as USD, shares or USD/shares',
    format('%s is not a unit.', quote_literal(left(c.unit, 40)))
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and c.unit <> '' and c.unit !~ (p_parameters ->> 'pattern');
end;

comment on function quality.rule_fact_unit_valid(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id whose unit does not match pattern: letters, digits, _ and -, at most two parts with a stroke between.';

revoke all on function quality.rule_fact_unit_valid(bigint, jsonb) from public;
grant execute on function quality.rule_fact_unit_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_unit_valid', 'candidate_fact', 'structure', 'warning', '{"pattern": "^[A-Za-z][A-Za-z0-9_-]*(/[A-Za-z][A-Za-z0-9_-]*)?$"}',
  'A unit is not one: numbers or text of another field stand in its place.',
  'Look at the body; correct the normaliser of the provider.'
);
