-- A bar has a date of the time of exchanges.
create or replace function quality.rule_bar_date_plausible(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.session_date < (p_parameters ->> 'earliest')::date
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('ts', candidate.ts, 'session_date', candidate.session_date),
    format('a session of %s or later', p_parameters ->> 'earliest'),
    format('The bar is dated %s.', candidate.session_date)
  )
end;

comment on function quality.rule_bar_date_plausible(ingest.candidate_bar, jsonb) is
'A candidate bar with a session before earliest.';

revoke all on function quality.rule_bar_date_plausible(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_date_plausible(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_date_plausible', 'candidate_bar', 'structure', 'error', '{"earliest": "1900-01-01"}',
  'A bar is dated before there were such bars: its time was read in the wrong unit or format.',
  'Look at the unit of time in the body (seconds, milliseconds) and at the date format.'
);
