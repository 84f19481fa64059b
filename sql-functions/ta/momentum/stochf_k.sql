-- Gives %K of the fast stochastic oscillator.
create or replace function ta.stochf_k(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  fast_d integer default 3,
  fast_d_ma_type integer default 0
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stochf_k', high, low, close, fast_k, 1, fast_d, 0, fast_d_ma_type, 'k');

comment on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Fast stochastic oscillator, %K, the place of the close in the range of the last fast_k bars in percent. Result: as long as close, 0 to 100 with an average
that does not overshoot. Where the range is 0 its place counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k and fast_d in bars, 1 or more; fast_d_ma_type, the type of the average: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4
TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3.
NULL behaviour: NULL while the window has a NULL, NaN or infinity; the recursive types (1, 3, 4, 6, 7, 8) begin their warm-up anew after it. Warm-up:
fast_k - 1 bars plus that of the average, for %K too; with SMA, EMA, WMA and TRIMA fast_k + fast_d - 2 bars.
Errors: MB001 for a bad period, type or arrays. Source: TA-Lib STOCHF; Lane (1984).
lookback: fast_k - 1 + ta.ma_reach(fast_d, fast_d_ma_type)$$;

revoke all on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
