-- Gives the median of the last bars: qlib's Med.
create or replace function ta.rolling_med(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_order('rolling_med', series, array[period], array[0.5]);

comment on function ta.rolling_med(double precision[], integer) is
$$Median of the last period bars (qlib Med, pandas rolling(period, min_periods = 1).median()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_med(double precision[], integer) from public;
grant execute on function ta.rolling_med(double precision[], integer) to marketbase_reader;
