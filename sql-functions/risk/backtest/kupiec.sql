-- Were losses beyond the value at risk as frequent as they should be?
create or replace function risk.kupiec(p_exceptions bigint, p_observations bigint, p_confidence double precision) returns double precision
language sql immutable strict parallel safe
return case
  when p_confidence > 0 and p_confidence < 1 and p_observations > 0 and p_exceptions between 0 and p_observations then 2 * (
    case when p_exceptions > 0
      then p_exceptions * ln(p_exceptions / (p_observations * (1 - p_confidence))) else 0 end
    + case when p_exceptions < p_observations
      then (p_observations - p_exceptions) * ln((p_observations - p_exceptions) / (p_observations * p_confidence)) else 0 end
  )
end;

comment on function risk.kupiec(bigint, bigint, double precision) is
'Likelihood ratio of unconditional coverage, or proportion of failures (Kupiec 1995, Techniques for verifying the accuracy of risk measurement models): p_exceptions losses beyond the value at risk in p_observations periods, against the expected share 1 - p_confidence.
Chi-square with one degree of freedom where the model is right: above 3.84 it is rejected at 5 %. NULL for NULL, no observations, more exceptions than observations, or a confidence that does not lie between 0 and 1.';

revoke all on function risk.kupiec(bigint, bigint, double precision) from public;
grant execute on function risk.kupiec(bigint, bigint, double precision) to marketbase_reader;
