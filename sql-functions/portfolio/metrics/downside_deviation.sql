-- The deviation of the returns that fall short, in a year.
create or replace function portfolio.downside_deviation(
  p_returns double precision[],
  p_minimum_return double precision default 0,
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select sqrt(avg(least(value - p_minimum_return, 0) ^ 2)) * sqrt(p_periods_per_year) from unnest(p_returns) as value where value is not null;
end;

comment on function portfolio.downside_deviation(double precision[], double precision, double precision) is
'Root of the mean of min(r - p_minimum_return, 0)^2 over all returns, times the root of p_periods_per_year. p_returns and p_minimum_return are fractions per
period. The convention of empyrical''s downside_risk and, with p_periods_per_year = 1, of PerformanceAnalytics'' DownsideDeviation(method = "full"). NULL
elements are skipped; NULL without returns.';

revoke all on function portfolio.downside_deviation(double precision[], double precision, double precision) from public;
grant execute on function portfolio.downside_deviation(double precision[], double precision, double precision) to marketbase_reader;
