-- Gives the forecast of the regression line through the last bars for the next bar.
create or replace function ta.tsf(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_line('tsf', series, period, 'next');

comment on function ta.tsf(double precision[], integer) is
$$Time series forecast: the value one bar ahead of the least-squares line through the last period bars. Result: as long as series, in its unit.
Arguments: series; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib TSF.
lookback: period - 1$$;

revoke all on function ta.tsf(double precision[], integer) from public;
grant execute on function ta.tsf(double precision[], integer) to marketbase_reader;
