-- Gives the simple moving average.
create or replace function ta.sma(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('sma', series, period, period, true);

comment on function ta.sma(double precision[], integer) is
$$Simple moving average of the last period bars. Result: as long as series, in its unit; the sum is correctly rounded, so nothing drifts.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib SMA.
row form: case when count({series}) over frame = {period} then avg({series}) over frame end
lookback: period - 1$$;

revoke all on function ta.sma(double precision[], integer) from public;
grant execute on function ta.sma(double precision[], integer) to marketbase_reader;
