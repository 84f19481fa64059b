-- Gives %D of the stochastic RSI.
create or replace function ta.stochrsi_d(
  series double precision[],
  period integer default 14,
  fast_k integer default 5,
  fast_d integer default 3,
  fast_d_ma_type integer default 0
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  strength double precision[];
begin
  strength := ta.wilder_strength('stochrsi_d', series, period, 'rsi');
  return ta.stochastic('stochrsi_d', strength, strength, strength, fast_k, 1, fast_d, 0, fast_d_ma_type, 'd');
end
$$;

comment on function ta.stochrsi_d(double precision[], integer, integer, integer, integer) is
$$Stochastic RSI, %D, the average of %K over fast_d bars. Result: as long as series, 0 to 100 with an average that does not overshoot. Where the range is 0
its place counts as 0, as in TA-Lib.
Arguments: series, as a rule closes; period of the RSI, fast_k and fast_d in bars, 1 or more; fast_d_ma_type, the type of the average: 0 SMA, 1 EMA, 2 WMA,
3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period + fast_k - 1 bars plus that of the average, for %K
too; with SMA, EMA, WMA and TRIMA period + fast_k + fast_d - 2 bars.
Errors: MB001 for a bad period, type or array. Source: TA-Lib STOCHRSI (unstable period 0); Chande and Kroll (1993).
lookback: unbounded$$;

revoke all on function ta.stochrsi_d(double precision[], integer, integer, integer, integer) from public;
grant execute on function ta.stochrsi_d(double precision[], integer, integer, integer, integer) to marketbase_reader;
