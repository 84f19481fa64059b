-- Gives the line of the MACD with fixed weights.
create or replace function ta.macdfix(
  series double precision[],
  signal integer default 9
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macd_part('macdfix', series, 12, 26, signal, 'line');

comment on function ta.macdfix(double precision[], integer) is
$$Moving average convergence/divergence over 12 and 26 bars with the weights 0.15 and 0.075, its line: the fast exponential average minus the slow one.
Result: as long as series, in its unit.
ta.macd(series, 12, 26, signal) has the unrounded weights 2 / 13 and 2 / 27. Seeds and warm-up are the same.
Arguments: series, as a rule closes; signal, the period of the signal in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 24 + signal bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MACDFIX (unstable period 0); Appel (1979).
lookback: unbounded$$;

revoke all on function ta.macdfix(double precision[], integer) from public;
grant execute on function ta.macdfix(double precision[], integer) to marketbase_reader;
