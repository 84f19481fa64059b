-- Gives the histogram of the MACD with any moving averages.
create or replace function ta.macdext_hist(
  series double precision[],
  fast integer default 12,
  slow integer default 26,
  signal integer default 9,
  fast_ma_type integer default 0,
  slow_ma_type integer default 0,
  signal_ma_type integer default 0
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macdext_part('macdext_hist', series, fast, slow, signal, fast_ma_type, slow_ma_type, signal_ma_type, 'histogram');

comment on function ta.macdext_hist(double precision[], integer, integer, integer, integer, integer, integer) is
$$Moving average convergence/divergence with a type of moving average for each of its three averages, its histogram: the MACD line minus its signal. Result:
as long as series, in its unit.
The averages of the price begin at the same bar: the one of the shorter warm-up is seeded later. The three series of the MACD begin at the same bar, too.
Arguments: series, as a rule closes; fast, slow and signal, periods in bars, 1 or more; fast_ma_type, slow_ma_type and signal_ma_type, the types of their
moving averages: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3. Fast and slow are exchanged, with their types, when fast is the
longer.
NULL behaviour: NULL while the window has a NULL, NaN or infinity; the recursive types (1, 3, 4, 6, 7, 8) begin their warm-up anew after it. Warm-up: that
of the longer-lasting average plus that of the signal; with SMA, EMA, WMA and TRIMA slow + signal - 2 bars.
Errors: MB001 for a bad period, type or array. Source: TA-Lib MACDEXT (unstable period 0).
lookback: greatest(ta.ma_reach(fast, fast_ma_type), ta.ma_reach(slow, slow_ma_type)) + ta.ma_reach(signal, signal_ma_type)$$;

revoke all on function ta.macdext_hist(double precision[], integer, integer, integer, integer, integer, integer) from public;
grant execute on function ta.macdext_hist(double precision[], integer, integer, integer, integer, integer, integer) to marketbase_reader;
