-- What a rule of candidates says of a bar that violates it.
create or replace function quality.candidate_violation(candidate ingest.candidate_bar, p_observed jsonb, p_expected text, p_message text)
returns quality.violation
language sql
stable
parallel safe
return row(
  candidate.row_no, candidate.instrument_id, candidate.ts, jsonb_build_object('row_no', candidate.row_no, 'symbol', candidate.symbol),
  p_observed, p_expected, p_message
)::quality.violation;

comment on function quality.candidate_violation(ingest.candidate_bar, jsonb, text, text) is
'A violation by the candidate: p_observed are the values that were seen, p_expected says in words what was expected, p_message what is wrong, in a sentence.';

revoke all on function quality.candidate_violation(ingest.candidate_bar, jsonb, text, text) from public;
grant execute on function quality.candidate_violation(ingest.candidate_bar, jsonb, text, text) to marketbase_worker;
