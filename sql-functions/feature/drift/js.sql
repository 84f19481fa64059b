-- The Jensen-Shannon distance of two samples.
create or replace function feature.js(p_baseline double precision[], p_current double precision[], p_bins integer default 10) returns double precision
language sql immutable parallel safe
return (feature.divergences(array(
  select counted from feature.bin_counts(p_baseline, p_current, p_bins) as counted
))).js;

comment on function feature.js(double precision[], double precision[], integer) is
'Jensen-Shannon distance: the square root of the mean Kullback-Leibler divergence, in bits, of the two samples'' shares from their average, over the p_bins quantile bins of the baseline (feature.bin_counts); 0 for equal shares, 1 for samples without a bin in common. Convention: scipy.spatial.distance.jensenshannon with base 2.
NULL, NaN and infinity are left out; NULL where either sample has no values. Errors: MB001 for p_bins (2 to 1000).';

revoke all on function feature.js(double precision[], double precision[], integer) from public;
grant execute on function feature.js(double precision[], double precision[], integer) to marketbase_reader;
