-- Counts the sessions on which a bar is expected.
create or replace function quality.population_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select expected.instrument_id, count(*), min(expected.ts), max(expected.ts)
  from quality.expected_sessions(p_instrument_ids, p_from, p_to) as expected
  group by expected.instrument_id;
end;

comment on function quality.population_session(bigint[], timestamptz, timestamptz) is
'Sessions of the exchange of each instrument between its first and its last daily bar; where p_from is later, from the last bar before p_from on. Instruments without bars, or of an exchange of which only the weekdays are known, are left out.';

revoke all on function quality.population_session(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_session(bigint[], timestamptz, timestamptz) to marketbase_worker;
