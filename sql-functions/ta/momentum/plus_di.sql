-- Gives the plus directional indicator.
create or replace function ta.plus_di(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('plus_di', high, low, close, period, 'plus');

comment on function ta.plus_di(double precision[], double precision[], double precision[], integer) is
$$Plus directional indicator (+DI): upward directional movement in percent of the true range, both smoothed as Wilder does. Result: as long as close, 0 to
100. 0 where the true range is 0.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib PLUS_DI (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.plus_di(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.plus_di(double precision[], double precision[], double precision[], integer) to marketbase_reader;
