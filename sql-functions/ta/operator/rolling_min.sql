-- Gives the smallest value of the last bars: qlib's Min.
create or replace function ta.rolling_min(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_min', series, period, 1, -1, 'value');

comment on function ta.rolling_min(double precision[], integer) is
$$Smallest value of the last period bars (qlib Min, pandas rolling(period, min_periods = 1).min()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: min({series}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_min(double precision[], integer) from public;
grant execute on function ta.rolling_min(double precision[], integer) to marketbase_reader;
