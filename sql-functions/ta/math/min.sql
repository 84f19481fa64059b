-- Gives the smallest value of the last bars.
create or replace function ta.min(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('min', series, period, period, -1, 'value');

comment on function ta.min(double precision[], integer) is
$$Smallest value of the last period bars; ta.rolling_min also answers while the window is not complete. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MIN.
lookback: period - 1$$;

revoke all on function ta.min(double precision[], integer) from public;
grant execute on function ta.min(double precision[], integer) to marketbase_reader;
