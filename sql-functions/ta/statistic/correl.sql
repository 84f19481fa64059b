-- Gives the correlation of two series over the last bars.
create or replace function ta.correl(
  x double precision[],
  y double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('correl', x, y, period, period, 'correlation', null);

comment on function ta.correl(double precision[], double precision[], integer) is
$$Pearson's correlation of x and y over the last period bars, -1 to 1. Result: as long as x. 0 where x or y is constant in the window, as in TA-Lib.
Arguments: x and y of equal length; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib CORREL.
lookback: period - 1$$;

revoke all on function ta.correl(double precision[], double precision[], integer) from public;
grant execute on function ta.correl(double precision[], double precision[], integer) to marketbase_reader;
