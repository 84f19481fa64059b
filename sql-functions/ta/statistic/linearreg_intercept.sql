-- Gives the beginning of the regression line through the last bars.
create or replace function ta.linearreg_intercept(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_line('linearreg_intercept', series, period, 'begin');

comment on function ta.linearreg_intercept(double precision[], integer) is
$$Linear regression over time: the value at the oldest bar of the least-squares line through the last period bars. Result: as long as series, in its unit.
Arguments: series; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib LINEARREG_INTERCEPT.
lookback: period - 1$$;

revoke all on function ta.linearreg_intercept(double precision[], integer) from public;
grant execute on function ta.linearreg_intercept(double precision[], integer) to marketbase_reader;
