-- A reported fact has a concept and a value.
create or replace function quality.rule_fact_value_present(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('taxonomy', c.taxonomy, 'concept', c.concept, 'value', c.value),
    'a taxonomy, a concept and a finite value',
    case
      when c.value in ('NaN', 'Infinity', '-Infinity') then format('The value is %s.', c.value)
      else format('Missing: %s.', concat_ws(
        ', ',
        case when coalesce(c.taxonomy, '') = '' then 'taxonomy' end,
        case when coalesce(c.concept, '') = '' then 'concept' end,
        case when c.value is null then 'value' end
      ))
    end
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id
    and (
      coalesce(c.taxonomy, '') = '' or coalesce(c.concept, '') = ''
      or c.value is null or c.value in ('NaN', 'Infinity', '-Infinity')
    );
end;

comment on function quality.rule_fact_value_present(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id without a taxonomy, a concept or a finite value. p_parameters is not used.';

revoke all on function quality.rule_fact_value_present(bigint, jsonb) from public;
grant execute on function quality.rule_fact_value_present(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_value_present', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact came without saying what it is or how much.',
  'Look at the filing itself; ask the provider again.'
);
