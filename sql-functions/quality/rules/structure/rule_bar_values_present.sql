-- A bar has a time, four prices and a volume.
create or replace function quality.rule_bar_values_present(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object(
      'ts', c.ts, 'session_date', c.session_date, 'open', c.open, 'high', c.high, 'low', c.low, 'close', c.close, 'volume', c.volume
    ),
    'a time, open, high, low, close and volume',
    format('Missing: %s.', concat_ws(
      ', ',
      case when c.ts is null or c.session_date is null then 'time' end,
      case when c.open is null then 'open' end,
      case when c.high is null then 'high' end,
      case when c.low is null then 'low' end,
      case when c.close is null then 'close' end,
      case when c.volume is null then 'volume' end
    ))
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and num_nulls(c.ts, c.session_date, c.open, c.high, c.low, c.close, c.volume) > 0;
end;

comment on function quality.rule_bar_values_present(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id without a time, a price or a volume. adjusted_close may be missing. p_parameters is not used.';

revoke all on function quality.rule_bar_values_present(bigint, jsonb) from public;
grant execute on function quality.rule_bar_values_present(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_values_present', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came without its time, a price or its volume.',
  'Ask the provider for the day again; a value that stays missing is a day without a trade.'
);
