-- Gives the correlation of the last bars with those some bars before them.
create or replace function ta.rolling_autocorr(
  series double precision[],
  lag integer,
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('rolling_autocorr', series, ta.window_shift('rolling_autocorr', series, lag), period, 1, 'correlation', 0);

comment on function ta.rolling_autocorr(double precision[], integer, integer) is
$$Autocorrelation: Pearson's correlation of the last period values with the values lag bars before each (pandas
rolling(period, min_periods = 1).corr(shift(lag))).
Result: as long as series, between -1 and 1; NULL where either side is constant in the window.
Arguments: series; lag in bars, 1 or more; period, how many pairs, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs.
Warm-up: the first lag + 1 values are NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad lag, period or array.
lookback: period + lag - 1$$;

revoke all on function ta.rolling_autocorr(double precision[], integer, integer) from public;
grant execute on function ta.rolling_autocorr(double precision[], integer, integer) to marketbase_reader;
