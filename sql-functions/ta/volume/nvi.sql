-- Gives the negative volume index.
create or replace function ta.nvi(
  close double precision[],
  volume double precision[]
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
  index double precision;
begin
  perform ta.check_series('nvi', 'close', close, bars);
  perform ta.check_series('nvi', 'volume', volume, bars);
  if close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    if abs(close[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      if index is null then
        index := 1000;
      elsif volume[i] < volume[i - 1] and close[i] > 0 and close[i - 1] > 0 then
        index := index * (close[i] / close[i - 1]);
      end if;
      result[i] := index;
    else
      index := null;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.nvi(double precision[], double precision[]) is
$$Negative volume index: begins with 1000 and follows the relative change of the close on bars whose volume fell. Result: as long as close.
Arguments: close, volume, of equal length. A change from or to a price that is not positive does not count.
NULL behaviour: NULL at a NULL, NaN or infinity, after which it begins anew. Warm-up: none.
Errors: MB001 for bad arrays. Source: Tulip nvi; Fosback (1976).
lookback: unbounded$$;

revoke all on function ta.nvi(double precision[], double precision[]) from public;
grant execute on function ta.nvi(double precision[], double precision[]) to marketbase_reader;
