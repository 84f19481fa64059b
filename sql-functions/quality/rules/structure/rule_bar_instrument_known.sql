-- A bar belongs to an instrument that is known.
create or replace function quality.rule_bar_instrument_known(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object('symbol', c.symbol),
    'a symbol of market.instrument',
    format('The symbol %s is not known.', coalesce(quote_literal(left(c.symbol, 40)), 'null'))
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and c.instrument_id is null;
end;

comment on function quality.rule_bar_instrument_known(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id whose instrument could not be resolved. p_parameters is not used.';

revoke all on function quality.rule_bar_instrument_known(bigint, jsonb) from public;
grant execute on function quality.rule_bar_instrument_known(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_instrument_known', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came for a symbol that marketbase does not know, so it cannot be stored under an instrument.',
  'Check the spelling of the symbol; add the instrument, then normalise the body again.'
);
