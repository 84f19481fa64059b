-- Gives the average true range in percent of the close.
create or replace function ta.natr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_range('natr', high, low, close, period, true);

comment on function ta.natr(double precision[], double precision[], double precision[], integer) is
$$Normalised average true range: 100 * atr / close. Result: as long as close, in percent.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity in any of the three, after which the warm-up begins anew; NULL where the close is 0. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib NATR (unstable period 0); Forman (2006).
lookback: unbounded$$;

revoke all on function ta.natr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.natr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
