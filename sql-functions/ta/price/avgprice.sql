-- Gives the average price of each bar.
create or replace function ta.avgprice(
  open double precision[],
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
  perform ta.check_series('avgprice', 'open', open, bars);
  perform ta.check_series('avgprice', 'high', high, bars);
  perform ta.check_series('avgprice', 'low', low, bars);
  perform ta.check_series('avgprice', 'close', close, bars);
  if open is null or high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(open[i]) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := (open[i] + high[i] + low[i] + close[i]) / 4;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.avgprice(double precision[], double precision[], double precision[], double precision[]) is
$$Average price: (open + high + low + close) / 4. Result: as long as close, in its unit.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib AVGPRICE.
lookback: 0$$;

revoke all on function ta.avgprice(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.avgprice(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
