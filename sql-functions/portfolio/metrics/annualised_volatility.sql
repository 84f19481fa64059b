-- The standard deviation in a year.
create or replace function portfolio.annualised_volatility(
  p_returns double precision[],
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select stddev_samp(value) * sqrt(p_periods_per_year) from unnest(p_returns) as value;
end;

comment on function portfolio.annualised_volatility(double precision[], double precision) is
'Sample standard deviation (n - 1) of p_returns (fractions, one per period) times the root of p_periods_per_year. The convention of empyrical''s
annual_volatility and of PerformanceAnalytics'' StdDev.annualized. NULL elements are skipped; NULL with fewer than 2 returns.';

revoke all on function portfolio.annualised_volatility(double precision[], double precision) from public;
grant execute on function portfolio.annualised_volatility(double precision[], double precision) to marketbase_reader;
