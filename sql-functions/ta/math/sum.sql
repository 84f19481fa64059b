-- Gives the sum of the last bars.
create or replace function ta.sum(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('sum', series, period, period, false);

comment on function ta.sum(double precision[], integer) is
$$Sum of the last period bars, correctly rounded; ta.rolling_sum also answers while the window is not complete. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib SUM.
lookback: period - 1$$;

revoke all on function ta.sum(double precision[], integer) from public;
grant execute on function ta.sum(double precision[], integer) to marketbase_reader;
