-- The probability that a chi-square variable exceeds a value.
create or replace function feature.chi_square_tail(p_x double precision, p_degrees integer) returns double precision
language sql immutable parallel safe
return case
  when p_x <= 0 and p_degrees >= 0 then 1
  when p_degrees = 0 then 0
  -- The incomplete gamma function of a whole or half number is a finite sum.
  when p_degrees > 0 then
    case when p_degrees % 2 = 1 then erfc(sqrt(p_x / 2)) else exp(greatest(-p_x / 2, -700)) end
    + (
      select coalesce(sum(exp(greatest(power.k * ln(p_x / 2) - p_x / 2 - lgamma(power.k + 1), -700))), 0)
      from (
        select n - (p_degrees % 2) / 2.0::double precision as k
        from generate_series(1, (p_degrees - 1) / 2) as n
      ) as power
    )
end;

comment on function feature.chi_square_tail(double precision, integer) is
'Probability that a chi-square variable with p_degrees degrees of freedom exceeds p_x (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5). 1 for p_x of 0 or less. NULL for NULL or negative degrees.';

revoke all on function feature.chi_square_tail(double precision, integer) from public;
grant execute on function feature.chi_square_tail(double precision, integer) to marketbase_reader;
