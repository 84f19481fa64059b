-- Gives the variance of the population of the last bars.
create or replace function ta.var(
  series double precision[],
  period integer default 5
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('var', series, period, period, 0, true);

comment on function ta.var(double precision[], integer) is
$$Variance of the population (divisor: period) of the last period bars. Result: as long as series, in its unit squared; exactly 0 where all values are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib VAR.
lookback: period - 1$$;

revoke all on function ta.var(double precision[], integer) from public;
grant execute on function ta.var(double precision[], integer) to marketbase_reader;
