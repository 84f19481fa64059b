-- A bar begins where bars of its length begin.
create or replace function quality.rule_bar_time_aligned(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when case
    when market.bar_span(candidate.bar_interval) < interval '1 day' then date_trunc('minute', candidate.ts) <> candidate.ts
    else candidate.ts <> candidate.session_date::timestamp at time zone 'UTC'
  end
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('ts', candidate.ts, 'session_date', candidate.session_date, 'bar_interval', candidate.bar_interval),
    case when market.bar_span(candidate.bar_interval) < interval '1 day' then 'a start on a whole minute' else 'midnight UTC of the session' end,
    format(
      'A bar of %s begins at %s UTC, its session is %s.',
      candidate.bar_interval, to_char(candidate.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), candidate.session_date
    )
  )
end;

comment on function quality.rule_bar_time_aligned(ingest.candidate_bar, jsonb) is
'A candidate bar that does not begin on a whole minute or, from a day on, at midnight UTC of its session. p_parameters is not used.';

revoke all on function quality.rule_bar_time_aligned(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_time_aligned(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_time_aligned', 'candidate_bar', 'structure', 'error', '{}',
  'A bar begins at an odd time: it is of the last trade instead of the session, or its time zone was not taken into account.',
  'Look at the last row of the body, which may be the live one; correct the normaliser of the provider.'
);
