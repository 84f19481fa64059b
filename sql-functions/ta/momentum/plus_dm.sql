-- Gives the plus directional movement.
create or replace function ta.plus_dm(
  high double precision[],
  low double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('plus_dm', high, low, low, period, 'plus movement');

comment on function ta.plus_dm(double precision[], double precision[], integer) is
$$Plus directional movement (+DM): the rise of the high where it is larger than the fall of the low, summed as Wilder does: the first period - 1 moves are
added up, later ones join what is left of the sum after a period-th part of it is taken away. Result: as long as low, in its unit.
Arguments: high, low, of equal length; period in bars, 1 or more; 1 gives the moves themselves.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 bars, but at least 1.
Errors: MB001 for a bad period or arrays. Source: TA-Lib PLUS_DM (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.plus_dm(double precision[], double precision[], integer) from public;
grant execute on function ta.plus_dm(double precision[], double precision[], integer) to marketbase_reader;
