-- A bar could be read as it came.
create or replace function quality.rule_bar_readable(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  -- What is not there is the affair of bar_values_present.
  when candidate.payload ? 'problem' and candidate.payload ->> 'problem' !~ '^(date|open|high|low|close|volume) is missing$'
  then quality.candidate_violation(
    candidate,
    candidate.payload,
    'a row whose fields can all be read',
    format('Unreadable: %s.', candidate.payload ->> 'problem')
  )
end;

comment on function quality.rule_bar_readable(ingest.candidate_bar, jsonb) is
'A candidate bar that its normaliser could not read entirely: another number of fields than the header, text where a number or a date belongs. A value that is not there is left to bar_values_present. p_parameters is not used.';

revoke all on function quality.rule_bar_readable(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_readable(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_readable', 'candidate_bar', 'structure', 'critical', '{}',
  'A row of the body could not be read as a bar.',
  'Look at the row in ingest.quarantine, correct the file and import it again.'
);
