-- Gives the upper Bollinger band.
create or replace function ta.bbands_upper(
  series double precision[],
  period integer default 5,
  deviations double precision default 2
)
returns double precision[]
language sql
immutable
parallel safe
return ta.bollinger('bbands_upper', series, period, deviations);

comment on function ta.bbands_upper(double precision[], integer, double precision) is
$$Upper Bollinger band: the simple moving average plus deviations times the standard deviation of the population (divisor: period). Result: as long as series,
in its unit.
Arguments: series; period in bars, 1 or more; deviations, a finite number.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period, number or array. Source: TA-Lib BBANDS with a simple average; Bollinger (2001).
lookback: period - 1$$;

revoke all on function ta.bbands_upper(double precision[], integer, double precision) from public;
grant execute on function ta.bbands_upper(double precision[], integer, double precision) to marketbase_reader;
