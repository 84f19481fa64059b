-- Gives the median price of each bar.
create or replace function ta.medprice(
  high double precision[],
  low double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(low);
  result double precision[];
begin
  perform ta.check_series('medprice', 'high', high, bars);
  perform ta.check_series('medprice', 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      result[i] := (high[i] + low[i]) / 2;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.medprice(double precision[], double precision[]) is
$$Median price: (high + low) / 2. Result: as long as low, in its unit.
Arguments: high, low, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib MEDPRICE.
lookback: 0$$;

revoke all on function ta.medprice(double precision[], double precision[]) from public;
grant execute on function ta.medprice(double precision[], double precision[]) to marketbase_reader;
