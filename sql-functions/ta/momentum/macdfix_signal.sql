-- Gives the signal of the MACD with fixed weights.
create or replace function ta.macdfix_signal(
  series double precision[],
  signal integer default 9
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macd_part('macdfix_signal', series, 12, 26, signal, 'signal');

comment on function ta.macdfix_signal(double precision[], integer) is
$$Moving average convergence/divergence over 12 and 26 bars with the weights 0.15 and 0.075, its signal: the exponential average of the MACD line. Result: as
long as series, in its unit.
ta.macd_signal(series, 12, 26, signal) has the unrounded weights 2 / 13 and 2 / 27. Seeds and warm-up are the same.
Arguments: series, as a rule closes; signal, the period of the signal in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 24 + signal bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MACDFIX (unstable period 0); Appel (1979).
lookback: unbounded$$;

revoke all on function ta.macdfix_signal(double precision[], integer) from public;
grant execute on function ta.macdfix_signal(double precision[], integer) to marketbase_reader;
