-- Gives the distance of the newest value from the mean of the last bars, in deviations.
create or replace function ta.rolling_zscore(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_place('rolling_zscore', series, period, 'zscore');

comment on function ta.rolling_zscore(double precision[], integer) is
$$Standard score: (series - rolling_mean) / rolling_std over the last period bars, with the deviation of the sample. Result: as long as series, without unit;
NULL where all values of the window are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, and at such a bar the result is NULL.
Warm-up: the first value is NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_zscore(double precision[], integer) from public;
grant execute on function ta.rolling_zscore(double precision[], integer) to marketbase_reader;
