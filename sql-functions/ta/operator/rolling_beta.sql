-- Gives the slope of one series on another over the last bars.
create or replace function ta.rolling_beta(
  x double precision[],
  y double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('rolling_beta', x, y, period, 1, 'regression', null);

comment on function ta.rolling_beta(double precision[], double precision[], integer) is
$$Slope of the least-squares line of y on x over the last period bars: their covariance over the variance of x (SQL regr_slope(y, x)). Result: as long as x,
in the unit of y per unit of x;
NULL where x is constant in the window. For the beta of prices take ta.beta, which makes the returns itself and gives 0 there.
Arguments: x, such as the returns of the market, and y, those of the asset, of equal length; period in bars, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs.
Warm-up: the first value is NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or arrays.
row form: regr_slope({y}, {x}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_beta(double precision[], double precision[], integer) from public;
grant execute on function ta.rolling_beta(double precision[], double precision[], integer) to marketbase_reader;
