-- Gives the largest value of the last bars: qlib's Max.
create or replace function ta.rolling_max(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_max', series, period, 1, 1, 'value');

comment on function ta.rolling_max(double precision[], integer) is
$$Largest value of the last period bars (qlib Max, pandas rolling(period, min_periods = 1).max()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: max({series}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_max(double precision[], integer) from public;
grant execute on function ta.rolling_max(double precision[], integer) to marketbase_reader;
