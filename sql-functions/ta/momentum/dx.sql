-- Gives the directional movement index.
create or replace function ta.dx(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('dx', high, low, close, period, 'index');

comment on function ta.dx(double precision[], double precision[], double precision[], integer) is
$$Directional movement index (DX): the difference of +DI and -DI in percent of their sum. Result: as long as close, 0 to 100. Where nothing moves it keeps its
last value, 0 at first.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib DX (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.dx(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.dx(double precision[], double precision[], double precision[], integer) to marketbase_reader;
