-- A reported fact belongs to an instrument that is known.
create or replace function quality.rule_fact_instrument_known(p_raw_response_id bigint, p_parameters jsonb)
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
    'the company of an instrument of market.instrument',
    'The company of the fact is not known.'
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and c.instrument_id is null;
end;

comment on function quality.rule_fact_instrument_known(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id whose company could not be resolved to an instrument. p_parameters is not used.';

revoke all on function quality.rule_fact_instrument_known(bigint, jsonb) from public;
grant execute on function quality.rule_fact_instrument_known(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_instrument_known', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact came for a company that marketbase does not know, so it cannot be stored under an instrument.',
  'Add the instrument with its central index key, then normalise the body again.'
);
