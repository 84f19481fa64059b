-- Volume is not negative and finite.
create or replace function quality.rule_bar_volume_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('volume', c.volume),
    'a volume of 0 or more, finite',
    format('Volume %s is negative or not finite.', c.volume)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and (c.volume < 0 or c.volume >= 'infinity');
end;

comment on function quality.rule_bar_volume_valid(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a volume that is negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_volume_valid(bigint, jsonb) from public;
grant execute on function quality.rule_bar_volume_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_volume_valid', 'candidate_bar', 'structure', 'critical', '{}',
  'A volume is negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
