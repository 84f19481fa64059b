-- Prices are positive and finite.
create or replace function quality.rule_bar_prices_positive(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  -- NaN sorts above infinity, so this refuses it too. A missing price is the affair of bar_values_present.
  when least(candidate.open, candidate.high, candidate.low, candidate.close) <= 0
    or greatest(candidate.open, candidate.high, candidate.low, candidate.close) >= 'infinity'
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('open', candidate.open, 'high', candidate.high, 'low', candidate.low, 'close', candidate.close),
    'prices above 0 and finite',
    format('Open %s, high %s, low %s, close %s: a price is not positive and finite.', candidate.open, candidate.high, candidate.low, candidate.close)
  )
end;

comment on function quality.rule_bar_prices_positive(ingest.candidate_bar, jsonb) is
'A candidate bar with a price that is zero, negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_prices_positive(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_prices_positive(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_positive', 'candidate_bar', 'structure', 'critical', '{}',
  'A price is zero, negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
