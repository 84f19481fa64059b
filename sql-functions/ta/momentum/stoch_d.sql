-- Gives %D of the slow stochastic oscillator.
create or replace function ta.stoch_d(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  slow_k integer default 3,
  slow_d integer default 3,
  slow_k_ma_type integer default 0,
  slow_d_ma_type integer default 0
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stoch_d', high, low, close, fast_k, slow_k, slow_d, slow_k_ma_type, slow_d_ma_type, 'd');

comment on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer, integer, integer) is
$$Slow stochastic oscillator, %D, the average of %K over slow_d bars. Result: as long as close, 0 to 100 with averages that do not overshoot. Where the range
is 0 its place counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k, slow_k and slow_d in bars, 1 or more; slow_k_ma_type and slow_d_ma_type, the types of the averages: 0
SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3.
NULL behaviour: NULL while the window has a NULL, NaN or infinity; the recursive types (1, 3, 4, 6, 7, 8) begin their warm-up anew after it. Warm-up:
fast_k - 1 bars plus that of both averages, for %K too; with SMA, EMA, WMA and TRIMA fast_k + slow_k + slow_d - 3 bars.
Errors: MB001 for a bad period, type or arrays. Source: TA-Lib STOCH; Lane (1984).
lookback: fast_k - 1 + ta.ma_reach(slow_k, slow_k_ma_type) + ta.ma_reach(slow_d, slow_d_ma_type)$$;

revoke all on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer, integer, integer) from public;
grant execute on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer, integer, integer)
to marketbase_reader;
