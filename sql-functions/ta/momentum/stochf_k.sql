-- Gives %K of the fast stochastic oscillator.
create or replace function ta.stochf_k(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  fast_d integer default 3
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stochf_k', high, low, close, fast_k, 1, fast_d, 'k');

comment on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer) is
$$Fast stochastic oscillator, %K, the place of the close in the range of the last fast_k bars in percent. Result: as long as close, 0 to 100. Where the range
is 0 its place counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k and fast_d in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: fast_k + fast_d - 2 bars, for %K too.
Errors: MB001 for a bad period or arrays. Source: TA-Lib STOCHF with simple averages; Lane (1984).
lookback: fast_k + fast_d - 2$$;

revoke all on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
