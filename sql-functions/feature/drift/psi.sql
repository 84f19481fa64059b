-- The population stability index of two samples.
create or replace function feature.psi(p_baseline double precision[], p_current double precision[], p_bins integer default 10) returns double precision
language sql immutable parallel safe
begin atomic
  select case when min(bin.baseline_total) > 0 and min(bin.current_total) > 0 then sum((bin.c - bin.b) * ln(bin.c / bin.b)) end
  from (
    select
      sum(counted.baseline_count) over () as baseline_total,
      sum(counted.current_count) over () as current_total,
      greatest(counted.baseline_count / nullif(sum(counted.baseline_count) over (), 0)::double precision, 0.0001) as b,
      greatest(counted.current_count / nullif(sum(counted.current_count) over (), 0)::double precision, 0.0001) as c
    from feature.bin_counts(p_baseline, p_current, p_bins) as counted
  ) as bin;
end;

comment on function feature.psi(double precision[], double precision[], integer) is
'Population stability index: the sum over bins of (c - b) ln(c / b), with b and c the shares of p_baseline and p_current in the p_bins quantile bins of the baseline (feature.bin_counts); 0 for equal shares. An empty share counts as 0.0001. Usual reading: below 0.1 no change, above 0.25 a marked one (Siddiqi, Credit Risk Scorecards, 2006).
NULL, NaN and infinity are left out; NULL where either sample has no values. Errors: MB001 for p_bins (2 to 1000).';

revoke all on function feature.psi(double precision[], double precision[], integer) from public;
grant execute on function feature.psi(double precision[], double precision[], integer) to marketbase_reader;
