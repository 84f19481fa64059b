-- An adjusted close is positive and finite.
create or replace function quality.rule_bar_adjusted_close_valid(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when not (candidate.adjusted_close > 0 and candidate.adjusted_close < 'infinity')
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('adjusted_close', candidate.adjusted_close::text, 'close', candidate.close),
    'an adjusted close above 0 and finite, or none',
    format('The adjusted close is %s.', candidate.adjusted_close)
  )
end;

comment on function quality.rule_bar_adjusted_close_valid(ingest.candidate_bar, jsonb) is
'A candidate bar with an adjusted close that is zero, negative, infinite or not a number. Without one a bar passes. p_parameters is not used.';

revoke all on function quality.rule_bar_adjusted_close_valid(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_adjusted_close_valid(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_adjusted_close_valid', 'candidate_bar', 'structure', 'error', '{}',
  'An adjusted close is not a price: too much was subtracted for dividends, or the field is another one.',
  'Compute adjusted prices from the actions on record instead; ask the provider for the series again.'
);
