-- Reward per volatility.
create or replace function portfolio.sharpe_ratio(
  p_returns double precision[],
  p_risk_free double precision default 0,
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select case
      when stddev_samp(value) > 1e-15 then avg(value - p_risk_free) / stddev_samp(value) * sqrt(p_periods_per_year)
    end
  from unnest(p_returns) as value;
end;

comment on function portfolio.sharpe_ratio(double precision[], double precision, double precision) is
'Mean of (r - p_risk_free) by the sample standard deviation of r, times the root of p_periods_per_year (Sharpe 1994; the convention of empyrical''s
sharpe_ratio). p_returns and p_risk_free are fractions per period. NULL elements are skipped; NULL with fewer than 2 returns or where they do not vary.';

revoke all on function portfolio.sharpe_ratio(double precision[], double precision, double precision) from public;
grant execute on function portfolio.sharpe_ratio(double precision[], double precision, double precision) to marketbase_reader;
