-- A bar could be read as it came.
create or replace function quality.rule_bar_readable(p_raw_response_id bigint, p_parameters jsonb)
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
    c.payload,
    'a row whose fields can all be read',
    format('Unreadable: %s.', c.payload ->> 'problem')
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and c.payload ? 'problem'
    -- What is not there is the affair of bar_values_present.
    and c.payload ->> 'problem' !~ '^(date|open|high|low|close|volume) is missing$';
end;

comment on function quality.rule_bar_readable(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id that its normaliser could not read entirely: another number of fields than the header, text where a number or a date belongs. A value that is not there is left to bar_values_present. p_parameters is not used.';

revoke all on function quality.rule_bar_readable(bigint, jsonb) from public;
grant execute on function quality.rule_bar_readable(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_readable', 'candidate_bar', 'structure', 'critical', '{}',
  'A row of the body could not be read as a bar.',
  'Look at the row in ingest.quarantine, correct the file and import it again.'
);
