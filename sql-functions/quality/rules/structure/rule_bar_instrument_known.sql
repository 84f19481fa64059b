-- A bar belongs to an instrument that is known.
create or replace function quality.rule_bar_instrument_known(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.instrument_id is null
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('symbol', candidate.symbol),
    'a symbol of market.instrument',
    format('The symbol %s is not known.', coalesce(quote_literal(left(candidate.symbol, 40)), 'null'))
  )
end;

comment on function quality.rule_bar_instrument_known(ingest.candidate_bar, jsonb) is
'A candidate bar whose instrument could not be resolved. p_parameters is not used.';

revoke all on function quality.rule_bar_instrument_known(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_instrument_known(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_instrument_known', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came for a symbol that marketbase does not know, so it cannot be stored under an instrument.',
  'Check the spelling of the symbol; add the instrument, then normalise the body again.'
);
