-- Volume is not negative and finite.
create or replace function quality.rule_bar_volume_valid(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.volume < 0 or candidate.volume >= 'infinity'
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('volume', candidate.volume),
    'a volume of 0 or more, finite',
    format('Volume %s is negative or not finite.', candidate.volume)
  )
end;

comment on function quality.rule_bar_volume_valid(ingest.candidate_bar, jsonb) is
'A candidate bar with a volume that is negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_volume_valid(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_volume_valid(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_volume_valid', 'candidate_bar', 'structure', 'critical', '{}',
  'A volume is negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
