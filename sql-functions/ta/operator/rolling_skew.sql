-- Gives the skewness of the last bars: qlib's Skew.
create or replace function ta.rolling_skew(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_moment('rolling_skew', series, period, 'skewness');

comment on function ta.rolling_skew(double precision[], integer) is
$$Skewness of the last period bars (qlib Skew, pandas rolling(period, min_periods = 1).skew()): the adjusted coefficient G1 = sqrt(n (n - 1)) / (n - 2) *
m3 / m2 ^ 1.5, where mk are the central moments.
Result: as long as series, without unit; 0 where all values of the window are equal, as in pandas. pandas gives none where the variance is below 1e-14; here
it is exact and needs no such limit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than three values.
Warm-up: the first two values are NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_skew(double precision[], integer) from public;
grant execute on function ta.rolling_skew(double precision[], integer) to marketbase_reader;
