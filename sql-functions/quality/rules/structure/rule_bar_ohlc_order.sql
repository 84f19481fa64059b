-- High is not below low, and open and close lie between them.
create or replace function quality.rule_bar_ohlc_order(p_raw_response_id bigint, p_parameters jsonb)
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
    'low <= open <= high and low <= close <= high',
    concat_ws(
      ' ',
      case when c.high < c.low then format('High %s is below low %s.', c.high, c.low) end,
      case when c.open not between c.low and c.high then format('Open %s is outside [%s, %s].', c.open, c.low, c.high) end,
      case when c.close not between c.low and c.high then format('Close %s is outside [%s, %s].', c.close, c.low, c.high) end
    )
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and (c.high < c.low or c.open not between c.low and c.high or c.close not between c.low and c.high);
end;

comment on function quality.rule_bar_ohlc_order(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id whose high is below the low, or whose open or close lies outside [low, high]. The comparison is exact, without a tolerance, as the checks of market.price_data are: what passes here can be stored. A normaliser of a provider whose prices carry rounding noise has to round them first. A missing price is not judged here. p_parameters is not used.';

revoke all on function quality.rule_bar_ohlc_order(bigint, jsonb) from public;
grant execute on function quality.rule_bar_ohlc_order(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_ohlc_order', 'candidate_bar', 'structure', 'critical', '{}',
  'The prices of a bar contradict each other: high below low, or open or close outside of both.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
