-- Gives the middle Bollinger band.
create or replace function ta.bbands_middle(
  series double precision[],
  period integer default 5
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('bbands_middle', series, period, period, true);

comment on function ta.bbands_middle(double precision[], integer) is
$$Middle Bollinger band: the simple moving average. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib BBANDS with a simple average; Bollinger (2001).
lookback: period - 1$$;

revoke all on function ta.bbands_middle(double precision[], integer) from public;
grant execute on function ta.bbands_middle(double precision[], integer) to marketbase_reader;
