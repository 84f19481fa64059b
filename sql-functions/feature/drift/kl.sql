-- The Kullback-Leibler divergence of a sample from another.
create or replace function feature.kl(p_baseline double precision[], p_current double precision[], p_bins integer default 10) returns double precision
language sql immutable parallel safe
return (feature.divergences(array(
  select counted from feature.bin_counts(p_baseline, p_current, p_bins) as counted
))).kl;

comment on function feature.kl(double precision[], double precision[], integer) is
'Kullback-Leibler divergence of p_current from p_baseline in nats: the sum over bins of c ln(c / b), with b and c the shares of the samples in the p_bins quantile bins of the baseline (feature.bin_counts). An empty share of the baseline counts as 0.0001, for which it would be infinite otherwise.
NULL, NaN and infinity are left out; NULL where either sample has no values. Convention: scipy.stats.entropy(c, b). Errors: MB001 for p_bins (2 to 1000).';

revoke all on function feature.kl(double precision[], double precision[], integer) from public;
grant execute on function feature.kl(double precision[], double precision[], integer) to marketbase_reader;
