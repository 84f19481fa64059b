-- The period of a reported fact does not end before it starts.
create or replace function quality.rule_fact_period_order(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('period_start', c.period_start, 'period_end', c.period_end),
    'period_start <= period_end',
    case
      when c.period_start > c.period_end then format('The period ends %s, before it starts %s.', c.period_end, c.period_start)
      else 'The period has no start or no end.'
    end
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and (c.period_start <= c.period_end) is not true;
end;

comment on function quality.rule_fact_period_order(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id whose period has no start, no end or ends before it starts. p_parameters is not used.';

revoke all on function quality.rule_fact_period_order(bigint, jsonb) from public;
grant execute on function quality.rule_fact_period_order(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_period_order', 'candidate_fact', 'structure', 'critical', '{}',
  'The period of a fact is missing or ends before it starts.',
  'Look at the filing itself; ask the provider again.'
);
