-- Prices are of a size that prices have.
create or replace function quality.rule_bar_prices_in_range(p_raw_response_id bigint, p_parameters jsonb)
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
    format('prices from %s to %s', p_parameters ->> 'min', p_parameters ->> 'max'),
    format('Open %s, high %s, low %s, close %s: a price is below %s or above %s.', c.open, c.high, c.low, c.close, p_parameters ->> 'min', p_parameters ->> 'max')
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and least(c.open, c.high, c.low, c.close) > 0
    and greatest(c.open, c.high, c.low, c.close) < 'infinity'
    and (
      least(c.open, c.high, c.low, c.close) < (p_parameters ->> 'min')::double precision
      or greatest(c.open, c.high, c.low, c.close) > (p_parameters ->> 'max')::double precision
    );
end;

comment on function quality.rule_bar_prices_in_range(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a price below min or above max; what is not positive and finite is the affair of bar_prices_positive.';

revoke all on function quality.rule_bar_prices_in_range(bigint, jsonb) from public;
grant execute on function quality.rule_bar_prices_in_range(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_in_range', 'candidate_bar', 'structure', 'warning', '{"min": 1e-9, "max": 1e9}',
  'A price is smaller or larger than prices are: it stands for a missing value, or is in another unit.',
  'Look at the row in the body; a placeholder such as 9999999999 has to be left out by the normaliser.'
);
