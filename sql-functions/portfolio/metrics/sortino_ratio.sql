-- Reward per downside deviation.
create or replace function portfolio.sortino_ratio(
  p_returns double precision[],
  p_minimum_return double precision default 0,
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select avg(value - p_minimum_return) * p_periods_per_year
    / nullif(portfolio.downside_deviation(p_returns, p_minimum_return, p_periods_per_year), 0)
  from unnest(p_returns) as value;
end;

comment on function portfolio.sortino_ratio(double precision[], double precision, double precision) is
'Mean of (r - p_minimum_return) times p_periods_per_year, by the downside deviation in a year (Sortino and Price 1994; the convention of empyrical''s
sortino_ratio and, with p_periods_per_year = 1, of PerformanceAnalytics'' SortinoRatio). p_returns and p_minimum_return are fractions per period. NULL
elements are skipped; NULL without returns or where none falls short.';

revoke all on function portfolio.sortino_ratio(double precision[], double precision, double precision) from public;
grant execute on function portfolio.sortino_ratio(double precision[], double precision, double precision) to marketbase_reader;
