-- A bar begins where bars of its length begin.
create or replace function quality.rule_bar_time_aligned(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('ts', c.ts, 'session_date', c.session_date, 'bar_interval', c.bar_interval),
    case when bar_interval.length < interval '1 day' then 'a start on a whole minute' else 'midnight UTC of the session' end,
    format('A bar of %s begins at %s UTC, its session is %s.', c.bar_interval, to_char(c.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), c.session_date)
  from ingest.candidate_bar as c
  cross join lateral (select market.bar_span(c.bar_interval) as length) as bar_interval
  where c.raw_response_id = p_raw_response_id
    and case
      when bar_interval.length < interval '1 day' then date_trunc('minute', c.ts) <> c.ts
      else c.ts <> c.session_date::timestamp at time zone 'UTC'
    end;
end;

comment on function quality.rule_bar_time_aligned(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id that do not begin on a whole minute or, from a day on, at midnight UTC of their session. p_parameters is not used.';

revoke all on function quality.rule_bar_time_aligned(bigint, jsonb) from public;
grant execute on function quality.rule_bar_time_aligned(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_time_aligned', 'candidate_bar', 'structure', 'error', '{}',
  'A bar begins at an odd time: it is of the last trade instead of the session, or its time zone was not taken into account.',
  'Look at the last row of the body, which may be the live one; correct the normaliser of the provider.'
);
