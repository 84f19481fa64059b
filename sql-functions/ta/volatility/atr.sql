-- Gives Wilder's average true range.
create or replace function ta.atr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_range('atr', high, low, close, period, false);

comment on function ta.atr(double precision[], double precision[], double precision[], integer) is
$$Average true range by Wilder's smoothing, seeded with the simple average of the first period true ranges. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity in any of the three, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ATR (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.atr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.atr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
