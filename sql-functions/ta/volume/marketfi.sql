-- Gives the market facilitation index.
create or replace function ta.marketfi(
  high double precision[],
  low double precision[],
  volume double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(volume);
  result double precision[];
begin
  perform ta.check_series('marketfi', 'high', high, bars);
  perform ta.check_series('marketfi', 'low', low, bars);
  perform ta.check_series('marketfi', 'volume', volume, bars);
  if high is null or low is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      result[i] := (high[i] - low[i]) / nullif(volume[i], 0);
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.marketfi(double precision[], double precision[], double precision[]) is
$$Market facilitation index: the range of the bar per unit of volume. Result: as long as volume.
Arguments: high, low, volume, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite, and where there is no volume. Warm-up: none.
Errors: MB001 for bad arrays. Source: Tulip marketfi; Williams.
lookback: 0$$;

revoke all on function ta.marketfi(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.marketfi(double precision[], double precision[], double precision[]) to marketbase_reader;
