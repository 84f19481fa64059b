-- Gives the sum of the last bars: qlib's Sum.
create or replace function ta.rolling_sum(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('rolling_sum', series, period, 1, false);

comment on function ta.rolling_sum(double precision[], integer) is
$$Sum of the last period bars (qlib Sum, pandas rolling(period, min_periods = 1).sum()). Result: as long as series, in its unit; correctly rounded.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: sum({series}) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_sum(double precision[], integer) from public;
grant execute on function ta.rolling_sum(double precision[], integer) to marketbase_reader;
