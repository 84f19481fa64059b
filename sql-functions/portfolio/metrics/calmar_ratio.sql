-- Reward per deepest fall.
create or replace function portfolio.calmar_ratio(p_returns double precision[], p_periods_per_year double precision default 252) returns double precision
language sql immutable parallel safe
begin atomic
  select portfolio.annualised_return(p_returns, p_periods_per_year) / nullif(abs(portfolio.max_drawdown(p_returns)), 0);
end;

comment on function portfolio.calmar_ratio(double precision[], double precision) is
'Annualised return by the size of the maximum drawdown (Young 1991; the convention of empyrical''s calmar_ratio and PerformanceAnalytics'' CalmarRatio).
p_returns are fractions, one per period. NULL elements are skipped; NULL without returns or where they never fall.';

revoke all on function portfolio.calmar_ratio(double precision[], double precision) from public;
grant execute on function portfolio.calmar_ratio(double precision[], double precision) to marketbase_reader;
