-- Gives the mean absolute deviation of the last bars: qlib's Mad.
create or replace function ta.rolling_mad(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_absolute_deviation('rolling_mad', series, period);

comment on function ta.rolling_mad(double precision[], integer) is
$$Mean absolute deviation of the last period bars from their mean (qlib Mad). Result: as long as series, in its unit; exactly 0 where all values of the
window are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value.
Warm-up: none, the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_mad(double precision[], integer) from public;
grant execute on function ta.rolling_mad(double precision[], integer) to marketbase_reader;
