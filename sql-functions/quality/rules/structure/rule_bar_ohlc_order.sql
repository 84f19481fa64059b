-- High is not below low, and open and close lie between them.
create or replace function quality.rule_bar_ohlc_order(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.high < candidate.low
    or candidate.open not between candidate.low and candidate.high
    or candidate.close not between candidate.low and candidate.high
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('open', candidate.open, 'high', candidate.high, 'low', candidate.low, 'close', candidate.close),
    'low <= open <= high and low <= close <= high',
    concat_ws(
      ' ',
      case when candidate.high < candidate.low then format('High %s is below low %s.', candidate.high, candidate.low) end,
      case when candidate.open not between candidate.low and candidate.high then format('Open %s is outside [%s, %s].', candidate.open, candidate.low, candidate.high) end,
      case when candidate.close not between candidate.low and candidate.high then format('Close %s is outside [%s, %s].', candidate.close, candidate.low, candidate.high) end
    )
  )
end;

comment on function quality.rule_bar_ohlc_order(ingest.candidate_bar, jsonb) is
'A candidate bar whose high is below the low, or whose open or close lies outside [low, high]. The comparison is exact, without a tolerance, as the checks of market.price_data are: what passes here can be stored. A normaliser of a provider whose prices carry rounding noise has to round them first. A missing price is not judged here. p_parameters is not used.';

revoke all on function quality.rule_bar_ohlc_order(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_ohlc_order(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_ohlc_order', 'candidate_bar', 'structure', 'critical', '{}',
  'The prices of a bar contradict each other: high below low, or open or close outside of both.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
