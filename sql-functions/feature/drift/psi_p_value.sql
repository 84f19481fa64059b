-- How likely a population stability index is by chance.
create or replace function feature.psi_p_value(
  p_psi double precision,
  p_baseline_count bigint,
  p_current_count bigint,
  p_bins integer default 10
) returns double precision
language sql immutable parallel safe
return feature.chi_square_tail(
  p_psi / nullif(1 / nullif(p_baseline_count, 0)::double precision + 1 / nullif(p_current_count, 0)::double precision, 0), p_bins - 1
);

comment on function feature.psi_p_value(double precision, bigint, bigint, integer) is
'Probability that two samples of p_baseline_count and p_current_count independent values from one distribution have a population stability index of p_psi or more over p_bins bins: psi / (1/n + 1/m) is about chi-square with p_bins - 1 degrees of freedom (Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of Risk Model Validation 14, 2020). NULL for NULL or an empty sample.';

revoke all on function feature.psi_p_value(double precision, bigint, bigint, integer) from public;
grant execute on function feature.psi_p_value(double precision, bigint, bigint, integer) to marketbase_reader;
