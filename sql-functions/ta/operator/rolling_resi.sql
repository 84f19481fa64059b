-- Gives the distance of the newest value from the least-squares line over time through the last bars: qlib's Resi.
create or replace function ta.rolling_resi(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('rolling_resi', series, period, 'residual');

comment on function ta.rolling_resi(double precision[], integer) is
$$The distance of the newest value from the least-squares line over time through the last period bars (qlib Resi). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped (at such a bar itself the result is NULL); NULL where the window has fewer than two values. Warm-up: the
first value is NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: {series} - regr_avgy({series}, bar_number) over frame
  - regr_slope({series}, bar_number) over frame * (bar_number - regr_avgx({series}, bar_number) over frame)
lookback: period - 1$$;

revoke all on function ta.rolling_resi(double precision[], integer) from public;
grant execute on function ta.rolling_resi(double precision[], integer) to marketbase_reader;
