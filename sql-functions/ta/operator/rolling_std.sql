-- Gives the standard deviation of the last bars: qlib's Std.
create or replace function ta.rolling_std(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('rolling_std', series, period, 1, 1, false);

comment on function ta.rolling_std(double precision[], integer) is
$$Standard deviation of the sample (divisor: values - 1) of the last period bars (qlib Std, pandas rolling(period, min_periods = 1).std()).
Result: as long as series, in its unit; exactly 0 where all values of the window are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values. Warm-up: the first value is NULL, then the first values
come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: case when stddev_samp({series}) over frame <= 1e-14 * abs({series}) then 0 else stddev_samp({series}) over frame end
lookback: period - 1$$;

revoke all on function ta.rolling_std(double precision[], integer) from public;
grant execute on function ta.rolling_std(double precision[], integer) to marketbase_reader;
