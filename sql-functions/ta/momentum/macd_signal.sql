-- Gives the MACD's signal.
create or replace function ta.macd_signal(
  series double precision[],
  fast integer default 12,
  slow integer default 26,
  signal integer default 9
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macd_part('macd_signal', series, fast, slow, signal, 'signal');

comment on function ta.macd_signal(double precision[], integer, integer, integer) is
$$Moving average convergence/divergence, its signal: the exponential average of the MACD line. Result: as long as series, in its unit.
Each average is seeded with the simple average of its first bars; the seeds of the fast and the slow one end at the same bar. The three series of the MACD
begin at the same bar.
Arguments: series, as a rule closes; fast, slow and signal, periods in bars, 1 or more; fast and slow are exchanged when fast is the longer.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: slow + signal - 2 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MACD (unstable period 0); Appel (1979).
lookback: unbounded$$;

revoke all on function ta.macd_signal(double precision[], integer, integer, integer) from public;
grant execute on function ta.macd_signal(double precision[], integer, integer, integer) to marketbase_reader;
