-- The two-sample Kolmogorov-Smirnov test.
create or replace function feature.ks(p_baseline double precision[], p_current double precision[]) returns feature.ks_result
language sql immutable parallel safe
begin atomic
  with value as (
    select x, 1 as in_baseline, 0 as in_current from unnest(feature.finite_values(p_baseline)) as x
    union all
    select x, 0, 1 from unnest(feature.finite_values(p_current)) as x
  ),
  -- Both distribution functions after each value; equal values step together.
  step as (
    select
      sum(value.in_baseline) over up_to as baseline_below, sum(value.in_current) over up_to as current_below,
      sum(value.in_baseline) over () as baseline_count, sum(value.in_current) over () as current_count
    from value
    window up_to as (order by value.x)
  ),
  test as (
    select
      max(step.baseline_count) as baseline_count, max(step.current_count) as current_count,
      max(abs(step.baseline_below * step.current_count - step.current_below * step.baseline_count))
        / nullif(max(step.baseline_count) * max(step.current_count), 0)::double precision as statistic
    from step
  )
  select row(test.statistic, feature.ks_p_value(test.statistic, test.baseline_count, test.current_count))::feature.ks_result
  from test;
end;

comment on function feature.ks(double precision[], double precision[]) is
'Two-sample Kolmogorov-Smirnov test, two-sided: the largest distance between the empirical distribution functions of the samples and the probability of such a distance by chance (feature.ks_p_value). Convention: scipy.stats.ks_2samp.
NULL, NaN and infinity are left out; both figures are NULL where either sample has no values.';

revoke all on function feature.ks(double precision[], double precision[]) from public;
grant execute on function feature.ks(double precision[], double precision[]) to marketbase_reader;
