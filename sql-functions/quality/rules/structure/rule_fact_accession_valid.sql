-- An accession number is one.
create or replace function quality.rule_fact_accession_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('accession', c.accession),
    format('an accession number like %s', p_parameters ->> 'pattern'),
    format('%s is not an accession number.', quote_literal(left(c.accession, 40)))
  from ingest.candidate_fact as c
  join ingest.raw_response as response on response.raw_response_id = c.raw_response_id and response.provider = 'sec'
  where c.raw_response_id = p_raw_response_id and c.accession !~ (p_parameters ->> 'pattern');
end;

comment on function quality.rule_fact_accession_valid(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id, if it came from the SEC, whose accession number does not match pattern.';

revoke all on function quality.rule_fact_accession_valid(bigint, jsonb) from public;
grant execute on function quality.rule_fact_accession_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_accession_valid', 'candidate_fact', 'structure', 'warning', '{"pattern": "^[0-9]{10}-[0-9]{2}-[0-9]{6}$"}',
  'An accession number is not one: the fact cannot be traced to its filing.',
  'Look at the body; correct the normaliser of the provider.'
);
