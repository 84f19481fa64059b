-- Gives the mean of the last bars: qlib's Mean.
create or replace function ta.rolling_mean(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('rolling_mean', series, period, 1, true);

comment on function ta.rolling_mean(double precision[], integer) is
$$Mean of the last period bars (qlib Mean, pandas rolling(period, min_periods = 1).mean()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: avg({series}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_mean(double precision[], integer) from public;
grant execute on function ta.rolling_mean(double precision[], integer) to marketbase_reader;
