-- The zone of the Basel Committee for a number of losses beyond the value at risk.
create or replace function risk.traffic_light(p_exceptions bigint, p_observations bigint, p_confidence double precision) returns text
language sql immutable strict parallel safe
begin atomic
  -- The probability of so many exceptions or fewer, if the model is right.
  select case when sum(term.probability) >= 0.9999 then 'red' when sum(term.probability) >= 0.95 then 'yellow' else 'green' end
  from (
    select exp(
      lgamma(p_observations + 1) - lgamma(n + 1) - lgamma(p_observations - n + 1) + n * ln(1 - p_confidence) + (p_observations - n) * ln(p_confidence)
    ) as probability
    from generate_series(0, p_exceptions) as n
  ) as term
  where p_confidence > 0 and p_confidence < 1 and p_observations > 0 and p_exceptions between 0 and p_observations
  having count(*) > 0;
end;

comment on function risk.traffic_light(bigint, bigint, double precision) is
'green, yellow or red: the zone of a model with p_exceptions losses beyond the value at risk in p_observations periods (Basel Committee 1996, Supervisory framework for the use of backtesting). Yellow where so many or fewer had a probability of 95 % at least if the model were right, red from 99.99 %: for 250 days at 0.99 green is up to 4 and red from 10.
NULL for NULL, no observations, more exceptions than observations, or a confidence that does not lie between 0 and 1.';

revoke all on function risk.traffic_light(bigint, bigint, double precision) from public;
grant execute on function risk.traffic_light(bigint, bigint, double precision) to marketbase_reader;
