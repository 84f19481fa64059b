-- Counts the values among the last bars: qlib's Count.
create or replace function ta.rolling_count(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_count('rolling_count', series, period);

comment on function ta.rolling_count(double precision[], integer) is
$$How many of the last period bars have a value (qlib Count, pandas rolling(period, min_periods = 1).count()). Result: as long as series, 0 to period.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are not counted; 0, not NULL, where the window has no value.
Warm-up: none, the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: count({series}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_count(double precision[], integer) from public;
grant execute on function ta.rolling_count(double precision[], integer) to marketbase_reader;
