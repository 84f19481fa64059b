-- Gives %D of the slow stochastic oscillator.
create or replace function ta.stoch_d(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  slow_k integer default 3,
  slow_d integer default 3
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stoch_d', high, low, close, fast_k, slow_k, slow_d, 'd');

comment on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Slow stochastic oscillator, %D, the simple average of %K over slow_d bars. Result: as long as close, 0 to 100. Where the range is 0 its place counts as 0,
as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k, slow_k and slow_d in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: fast_k + slow_k + slow_d - 3 bars, for %K too.
Errors: MB001 for a bad period or arrays. Source: TA-Lib STOCH with simple averages; Lane (1984).
lookback: fast_k + slow_k + slow_d - 3$$;

revoke all on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
