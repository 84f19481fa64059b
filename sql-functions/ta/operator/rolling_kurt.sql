-- Gives the excess kurtosis of the last bars: qlib's Kurt.
create or replace function ta.rolling_kurt(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_moment('rolling_kurt', series, period, 'kurtosis');

comment on function ta.rolling_kurt(double precision[], integer) is
$$Excess kurtosis of the last period bars (qlib Kurt, pandas rolling(period, min_periods = 1).kurt()): the adjusted coefficient
G2 = (n - 1) / ((n - 2) (n - 3)) * ((n + 1) * (m4 / m2 ^ 2 - 3) + 6), where mk are the central moments; 0 for a normal distribution.
Result: as long as series, without unit; -3 where all values of the window are equal, as in pandas. pandas gives none where the variance is below 1e-14;
here it is exact and needs no such limit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than four values.
Warm-up: the first three values are NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_kurt(double precision[], integer) from public;
grant execute on function ta.rolling_kurt(double precision[], integer) to marketbase_reader;
