-- A bar has a time, four prices and a volume.
create or replace function quality.rule_bar_values_present(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when num_nulls(candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume) > 0
  then quality.candidate_violation(
    candidate,
    jsonb_build_object(
      'ts', candidate.ts, 'session_date', candidate.session_date, 'open', candidate.open, 'high', candidate.high, 'low', candidate.low,
      'close', candidate.close, 'volume', candidate.volume
    ),
    'a time, open, high, low, close and volume',
    format('Missing: %s.', concat_ws(
      ', ',
      case when candidate.ts is null or candidate.session_date is null then 'time' end,
      case when candidate.open is null then 'open' end,
      case when candidate.high is null then 'high' end,
      case when candidate.low is null then 'low' end,
      case when candidate.close is null then 'close' end,
      case when candidate.volume is null then 'volume' end
    ))
  )
end;

comment on function quality.rule_bar_values_present(ingest.candidate_bar, jsonb) is
'A candidate bar without a time, a price or a volume. adjusted_close may be missing. p_parameters is not used.';

revoke all on function quality.rule_bar_values_present(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_values_present(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_values_present', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came without its time, a price or its volume.',
  'Ask the provider for the day again; a value that stays missing is a day without a trade.'
);
