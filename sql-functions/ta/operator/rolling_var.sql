-- Gives the variance of the last bars: qlib's Var.
create or replace function ta.rolling_var(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('rolling_var', series, period, 1, 1, true);

comment on function ta.rolling_var(double precision[], integer) is
$$Variance of the sample (divisor: values - 1) of the last period bars (qlib Var, pandas rolling(period, min_periods = 1).var()).
Result: as long as series, in the square of its unit; exactly 0 where all values of the window are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values.
Warm-up: the first value is NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: case when stddev_samp({series}) over frame <= 1e-14 * abs({series}) then 0 else var_samp({series}) over frame end
lookback: period - 1$$;

revoke all on function ta.rolling_var(double precision[], integer) from public;
grant execute on function ta.rolling_var(double precision[], integer) to marketbase_reader;
