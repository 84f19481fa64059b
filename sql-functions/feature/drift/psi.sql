-- The population stability index of two samples.
create or replace function feature.psi(p_baseline double precision[], p_current double precision[], p_bins integer default 10) returns double precision
language sql immutable parallel safe
return (feature.divergences(array(
  select counted from feature.bin_counts(p_baseline, p_current, p_bins) as counted
))).psi;

comment on function feature.psi(double precision[], double precision[], integer) is
'Population stability index: the sum over bins of (c - b) ln(c / b), with b and c the shares of p_baseline and p_current in the p_bins quantile bins of the baseline (feature.bin_counts); 0 for equal shares. An empty share counts as 0.0001. Usual reading: below 0.1 no change, above 0.25 a marked one (Siddiqi, Credit Risk Scorecards, 2006).
NULL, NaN and infinity are left out; NULL where either sample has no values. Errors: MB001 for p_bins (2 to 1000).';

revoke all on function feature.psi(double precision[], double precision[], integer) from public;
grant execute on function feature.psi(double precision[], double precision[], integer) to marketbase_reader;
