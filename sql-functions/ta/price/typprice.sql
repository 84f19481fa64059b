-- Gives the typical price of each bar.
create or replace function ta.typprice(
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
begin
  perform ta.check_series('typprice', 'high', high, bars);
  perform ta.check_series('typprice', 'low', low, bars);
  perform ta.check_series('typprice', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := (high[i] + low[i] + close[i]) / 3;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.typprice(double precision[], double precision[], double precision[]) is
$$Typical price: (high + low + close) / 3. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib TYPPRICE.
lookback: 0$$;

revoke all on function ta.typprice(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.typprice(double precision[], double precision[], double precision[]) to marketbase_reader;
