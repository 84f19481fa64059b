-- How far apart two samples in bins are, by three measures.
create or replace function feature.divergences(p_counts feature.bin_count[]) returns feature.divergence
language sql immutable parallel safe
begin atomic
  with share as (
    select
      counted.baseline_count, counted.current_count,
      sum(counted.baseline_count) over () as baseline_total, sum(counted.current_count) over () as current_total,
      counted.baseline_count / nullif(sum(counted.baseline_count) over (), 0)::double precision as b,
      counted.current_count / nullif(sum(counted.current_count) over (), 0)::double precision as c,
      -- Where a share is empty the logarithm of the quotient would be infinite.
      0.0001::double precision as least_share
    from unnest(p_counts) as counted
  )
  select row(
    count(*),
    sum((greatest(c, least_share) - greatest(b, least_share)) * ln(greatest(c, least_share) / greatest(b, least_share))),
    sum(case when c > 0 then c * ln(c / greatest(b, least_share)) else 0 end),
    sqrt(
      -- No term is negative but by rounding.
      sum(greatest(case when b > 0 then b * ln(2 * b / (b + c)) else 0 end + case when c > 0 then c * ln(2 * c / (b + c)) else 0 end, 0))
      / (2 * ln(2::double precision))
    ),
    feature.chi_square_tail(
      sum((baseline_count * current_total - current_count * baseline_total)::double precision ^ 2 / (baseline_count + current_count))
        / max(baseline_total * current_total)::double precision,
      count(*)::integer - 1
    )
  )::feature.divergence
  from share
  where b is not null and c is not null;
end;

comment on function feature.divergences(feature.bin_count[]) is
'Population stability index, Kullback-Leibler divergence and Jensen-Shannon distance of samples that feature.bin_counts has sorted, as feature.psi, feature.kl and feature.js define them, and the p-value of the chi-square test of homogeneity over the same bins (Pearson, Biometrika 8, 1911; scipy.stats.chi2_contingency without correction). NULL, with 0 bins, where either sample is empty.';

revoke all on function feature.divergences(feature.bin_count[]) from public;
grant execute on function feature.divergences(feature.bin_count[]) to marketbase_reader;
