-- Gives the average directional movement index.
create or replace function ta.adx(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('adx', high, low, close, period, 'average');

comment on function ta.adx(double precision[], double precision[], double precision[], integer) is
$$Average directional movement index (ADX): DX smoothed as Wilder does, seeded with the simple average of its first period values. Result: as long as close, 0
to 100. Where nothing moves it keeps its last value.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 2 * period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ADX (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.adx(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.adx(double precision[], double precision[], double precision[], integer) to marketbase_reader;
