-- A bar has a date of the time of exchanges.
create or replace function quality.rule_bar_date_plausible(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('ts', c.ts, 'session_date', c.session_date),
    format('a session of %s or later', p_parameters ->> 'earliest'),
    format('The bar is dated %s.', c.session_date)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and c.session_date < (p_parameters ->> 'earliest')::date;
end;

comment on function quality.rule_bar_date_plausible(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a session before earliest.';

revoke all on function quality.rule_bar_date_plausible(bigint, jsonb) from public;
grant execute on function quality.rule_bar_date_plausible(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_date_plausible', 'candidate_bar', 'structure', 'error', '{"earliest": "1900-01-01"}',
  'A bar is dated before there were such bars: its time was read in the wrong unit or format.',
  'Look at the unit of time in the body (seconds, milliseconds) and at the date format.'
);
