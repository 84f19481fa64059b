-- An adjusted close is positive and finite.
create or replace function quality.rule_bar_adjusted_close_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('adjusted_close', c.adjusted_close::text, 'close', c.close),
    'an adjusted close above 0 and finite, or none',
    format('The adjusted close is %s.', c.adjusted_close)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and not (c.adjusted_close > 0 and c.adjusted_close < 'infinity');
end;

comment on function quality.rule_bar_adjusted_close_valid(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with an adjusted close that is zero, negative, infinite or not a number. Without one a bar passes. p_parameters is not used.';

revoke all on function quality.rule_bar_adjusted_close_valid(bigint, jsonb) from public;
grant execute on function quality.rule_bar_adjusted_close_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_adjusted_close_valid', 'candidate_bar', 'structure', 'error', '{}',
  'An adjusted close is not a price: too much was subtracted for dividends, or the field is another one.',
  'Compute adjusted prices from the actions on record instead; ask the provider for the series again.'
);
