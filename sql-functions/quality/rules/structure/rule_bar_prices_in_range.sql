-- Prices are of a size that prices have.
create or replace function quality.rule_bar_prices_in_range(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when least(candidate.open, candidate.high, candidate.low, candidate.close) > 0
    and greatest(candidate.open, candidate.high, candidate.low, candidate.close) < 'infinity'
    and (
      least(candidate.open, candidate.high, candidate.low, candidate.close) < (p_parameters ->> 'min')::double precision
      or greatest(candidate.open, candidate.high, candidate.low, candidate.close) > (p_parameters ->> 'max')::double precision
    )
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('open', candidate.open, 'high', candidate.high, 'low', candidate.low, 'close', candidate.close),
    format('prices from %s to %s', p_parameters ->> 'min', p_parameters ->> 'max'),
    format(
      'Open %s, high %s, low %s, close %s: a price is below %s or above %s.',
      candidate.open, candidate.high, candidate.low, candidate.close, p_parameters ->> 'min', p_parameters ->> 'max'
    )
  )
end;

comment on function quality.rule_bar_prices_in_range(ingest.candidate_bar, jsonb) is
'A candidate bar with a price below min or above max; what is not positive and finite is the affair of bar_prices_positive.';

revoke all on function quality.rule_bar_prices_in_range(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_prices_in_range(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_in_range', 'candidate_bar', 'structure', 'warning', '{"min": 1e-9, "max": 1e9}',
  'A price is smaller or larger than prices are: it stands for a missing value, or is in another unit.',
  'Look at the row in the body; a placeholder such as 9999999999 has to be left out by the normaliser.'
);
