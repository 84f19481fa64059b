-- Prices are positive and finite.
create or replace function quality.rule_bar_prices_positive(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('open', c.open, 'high', c.high, 'low', c.low, 'close', c.close),
    'prices above 0 and finite',
    format('Open %s, high %s, low %s, close %s: a price is not positive and finite.', c.open, c.high, c.low, c.close)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    -- NaN sorts above infinity, so this refuses it too. A missing price is the affair of bar_values_present.
    and (least(c.open, c.high, c.low, c.close) <= 0 or greatest(c.open, c.high, c.low, c.close) >= 'infinity');
end;

comment on function quality.rule_bar_prices_positive(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a price that is zero, negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_prices_positive(bigint, jsonb) from public;
grant execute on function quality.rule_bar_prices_positive(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_positive', 'candidate_bar', 'structure', 'critical', '{}',
  'A price is zero, negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
