-- Gives a moving average of the type asked for.
create or replace function ta.ma(
  series double precision[],
  period integer default 30,
  ma_type integer default 0
)
returns double precision[]
language sql
immutable
parallel safe
return ta.moving_average('ma', series, period, ma_type);

comment on function ta.ma(double precision[], integer, integer) is
$$Moving average of any of TA-Lib's types. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more, where 1 gives the series itself; ma_type: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA (0.5,
0.05), 8 T3 (0.7).
NULL behaviour: NULL while the window has a NULL, NaN or infinity. The recursive types (EMA, DEMA, TEMA, KAMA, MAMA, T3) begin their warm-up anew after it.
Warm-up: period - 1 bars; DEMA twice, TEMA three times, T3 six times that; KAMA period; MAMA 32.
Errors: MB001 for a bad period, type or array. Source: TA-Lib MA (unstable periods 0).
lookback: ta.ma_reach(period, ma_type)$$;

revoke all on function ta.ma(double precision[], integer, integer) from public;
grant execute on function ta.ma(double precision[], integer, integer) to marketbase_reader;
