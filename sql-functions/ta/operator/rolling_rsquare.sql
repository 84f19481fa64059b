-- Gives the coefficient of determination of the least-squares line over time through the last bars: qlib's Rsquare.
create or replace function ta.rolling_rsquare(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('rolling_rsquare', series, period, 'rsquare');

comment on function ta.rolling_rsquare(double precision[], integer) is
$$The coefficient of determination of the least-squares line over time through the last period bars (qlib Rsquare). Result: as long as series, 0 to 1. As in
qlib, NULL where the values deviate (sample) by 0.00002 or less.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values. Warm-up: the first value is NULL, then the first values
come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: case when stddev_samp({series}) over frame > 2e-5 then regr_r2({series}, bar_number) over frame end
lookback: period - 1$$;

revoke all on function ta.rolling_rsquare(double precision[], integer) from public;
grant execute on function ta.rolling_rsquare(double precision[], integer) to marketbase_reader;
