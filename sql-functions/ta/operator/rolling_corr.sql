-- Gives the correlation of two series over the last bars: qlib's Corr.
create or replace function ta.rolling_corr(
  x double precision[],
  y double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('rolling_corr', x, y, period, 1, 'correlation', 2e-5);

comment on function ta.rolling_corr(double precision[], double precision[], integer) is
$$The correlation of x and y over the last period bars (qlib Corr, pandas rolling(period, min_periods = 1).corr()). Result: as long as x, between -1 and 1.
As in qlib, NULL where the standard deviation of x or of y over the pairs of the window is 0.00002 or less (0.00002 squared is 4e-10).
Arguments: x and y of equal length; period in bars, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs. Warm-up: the first value is NULL, then the
first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or arrays.
row form: case when least(regr_sxx({x}, {y}) over frame, regr_syy({x}, {y}) over frame) <= 4e-10 * (regr_count({x}, {y}) over frame - 1)
  then null else corr({x}, {y}) over frame end
lookback: period - 1$$;

revoke all on function ta.rolling_corr(double precision[], double precision[], integer) from public;
grant execute on function ta.rolling_corr(double precision[], double precision[], integer) to marketbase_reader;
