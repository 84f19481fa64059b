-- The Jensen-Shannon distance of two samples.
create or replace function feature.js(p_baseline double precision[], p_current double precision[], p_bins integer default 10) returns double precision
language sql immutable parallel safe
begin atomic
  select case
    when min(bin.baseline_total) > 0 and min(bin.current_total) > 0 then sqrt(greatest(
      sum(
        case when bin.b > 0 then bin.b * ln(2 * bin.b / (bin.b + bin.c)) else 0 end
        + case when bin.c > 0 then bin.c * ln(2 * bin.c / (bin.b + bin.c)) else 0 end
      ) / (2 * ln(2::double precision)), 0
    ))
  end
  from (
    select
      sum(counted.baseline_count) over () as baseline_total,
      sum(counted.current_count) over () as current_total,
      counted.baseline_count / nullif(sum(counted.baseline_count) over (), 0)::double precision as b,
      counted.current_count / nullif(sum(counted.current_count) over (), 0)::double precision as c
    from feature.bin_counts(p_baseline, p_current, p_bins) as counted
  ) as bin;
end;

comment on function feature.js(double precision[], double precision[], integer) is
'Jensen-Shannon distance: the square root of the mean Kullback-Leibler divergence, in bits, of the two samples'' shares from their average, over the p_bins quantile bins of the baseline (feature.bin_counts); 0 for equal shares, 1 for samples without a bin in common. Convention: scipy.spatial.distance.jensenshannon with base 2.
NULL, NaN and infinity are left out; NULL where either sample has no values. Errors: MB001 for p_bins (2 to 1000).';

revoke all on function feature.js(double precision[], double precision[], integer) from public;
grant execute on function feature.js(double precision[], double precision[], integer) to marketbase_reader;
