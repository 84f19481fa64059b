-- A fact could be read as it came.
create or replace function quality.rule_fact_readable(p_raw_response_id bigint, p_parameters jsonb)
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
    c.payload,
    'a fact whose fields can all be read',
    format('Unreadable: %s.', c.payload ->> 'problem')
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and c.payload ? 'problem';
end;

comment on function quality.rule_fact_readable(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id that its normaliser could not read entirely: a date, a value, a form or a filing that is missing or is something else. p_parameters is not used.';

revoke all on function quality.rule_fact_readable(bigint, jsonb) from public;
grant execute on function quality.rule_fact_readable(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_readable', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact of the body could not be read.',
  'Look at the fact in ingest.quarantine and at the filing that it names; ask the provider again.'
);
