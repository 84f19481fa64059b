-- The return in a year, compounded.
create or replace function portfolio.annualised_return(p_returns double precision[], p_periods_per_year double precision default 252) returns double precision
language sql immutable parallel safe
begin atomic
  select case
      when cumulative = -1 then -1
      when ln(1 + cumulative) * p_periods_per_year / observations < 700 then exp(ln(1 + cumulative) * p_periods_per_year / observations) - 1
    end
  from (select portfolio.cumulative_return(p_returns) as cumulative, count(value) as observations from unnest(p_returns) as value) as total;
end;

comment on function portfolio.annualised_return(double precision[], double precision) is
'The constant yearly return that compounds to the same: (1 + cumulative return) ^ (p_periods_per_year / number of returns) - 1. p_returns are fractions, one
per period. The convention of empyrical''s annual_return and of PerformanceAnalytics'' Return.annualized(geometric = TRUE). NULL elements are skipped; NULL
without returns and where the result is beyond any number.';

revoke all on function portfolio.annualised_return(double precision[], double precision) from public;
grant execute on function portfolio.annualised_return(double precision[], double precision) to marketbase_reader;
