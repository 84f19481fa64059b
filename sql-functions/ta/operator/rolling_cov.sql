-- Gives the covariance of two series over the last bars: qlib's Cov.
create or replace function ta.rolling_cov(
  x double precision[],
  y double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('rolling_cov', x, y, period, 1, 'covariance', null);

comment on function ta.rolling_cov(double precision[], double precision[], integer) is
$$Covariance of the sample (divisor: pairs - 1) of x and y over the last period bars (qlib Cov, pandas rolling(period, min_periods = 1).cov()).
Result: as long as x, in the product of the units.
Arguments: x and y of equal length; period in bars, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs. Warm-up: the first value is NULL, then the
first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or arrays.
row form: covar_samp({x}, {y}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_cov(double precision[], double precision[], integer) from public;
grant execute on function ta.rolling_cov(double precision[], double precision[], integer) to marketbase_reader;
