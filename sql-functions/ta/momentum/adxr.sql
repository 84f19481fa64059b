-- Gives the average directional movement rating.
create or replace function ta.adxr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  average double precision[];
  result double precision[];
begin
  average := ta.directional_part('adxr', high, low, close, period, 'average');
  if average is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in period..bars loop
    result[i] := (average[i] + average[i - period + 1]) / 2;
  end loop;
  return result;
end
$$;

comment on function ta.adxr(double precision[], double precision[], double precision[], integer) is
$$Average directional movement rating (ADXR): the mean of ADX and of ADX period - 1 bars ago. Result: as long as close, 0 to 100.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 3 * period - 2 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ADXR (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.adxr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.adxr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
