-- Gives the slope of the least-squares line over time through the last bars: qlib's Slope.
create or replace function ta.rolling_slope(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('rolling_slope', series, period, 'slope');

comment on function ta.rolling_slope(double precision[], integer) is
$$The slope of the least-squares line over time through the last period bars (qlib Slope). Result: as long as series, in its unit per bar.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values. Warm-up: the first value is NULL, then the first values
come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: regr_slope({series}, bar_number) over frame
lookback: period - 1$$;

revoke all on function ta.rolling_slope(double precision[], integer) from public;
grant execute on function ta.rolling_slope(double precision[], integer) to marketbase_reader;
