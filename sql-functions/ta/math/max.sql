-- Gives the largest value of the last bars.
create or replace function ta.max(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('max', series, period, period, 1, 'value');

comment on function ta.max(double precision[], integer) is
$$Largest value of the last period bars; ta.rolling_max also answers while the window is not complete. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MAX.
lookback: period - 1$$;

revoke all on function ta.max(double precision[], integer) from public;
grant execute on function ta.max(double precision[], integer) to marketbase_reader;
