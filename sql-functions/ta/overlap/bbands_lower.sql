-- Gives the lower Bollinger band.
create or replace function ta.bbands_lower(
  series double precision[],
  period integer default 5,
  deviations double precision default 2,
  ma_type integer default 0
)
returns double precision[]
language sql
immutable
parallel safe
return ta.bollinger('bbands_lower', series, period, -deviations, ma_type);

comment on function ta.bbands_lower(double precision[], integer, double precision, integer) is
$$Lower Bollinger band: the moving average minus deviations times the standard deviation of the population (divisor: period). Result: as long as series, in
its unit.
Arguments: series; period in bars, 1 or more; deviations, a finite number; ma_type of the average: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7
MAMA (0.5, 0.05), 8 T3 (0.7).
NULL behaviour: NULL while the window has a NULL, NaN or infinity. The recursive averages begin their warm-up anew after it. Warm-up: period - 1 bars;
longer where the average needs more (ta.ma).
Errors: MB001 for a bad period, number, type or array. Source: TA-Lib BBANDS; Bollinger (2001).
lookback: ta.ma_reach(period, ma_type)$$;

revoke all on function ta.bbands_lower(double precision[], integer, double precision, integer) from public;
grant execute on function ta.bbands_lower(double precision[], integer, double precision, integer) to marketbase_reader;
