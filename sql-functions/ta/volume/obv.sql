-- Gives on-balance volume.
create or replace function ta.obv(
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
  x double precision;
  before double precision;
  balance double precision;
  i integer := 0;
begin
  perform ta.check_series('obv', 'close', close, bars);
  perform ta.check_series('obv', 'volume', volume, bars);
  if close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  foreach x in array close loop
    i := i + 1;
    if abs(x) < 'infinity' and abs(volume[i]) < 'infinity' then
      balance := case
        when before is null then volume[i]
        when x > before then balance + volume[i]
        when x < before then balance - volume[i]
        else balance
      end;
      result[i] := balance;
      before := x;
    else
      before := null;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.obv(double precision[], double precision[]) is
$$On-balance volume: the running sum of volume, added where the close rose and subtracted where it fell. Result: as long as close, in the unit of volume.
It begins with the volume of the first bar, so only its changes mean something.
Arguments: close, volume, of equal length.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the sum begins anew. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib OBV; Granville (1963).
lookback: unbounded$$;

revoke all on function ta.obv(double precision[], double precision[]) from public;
grant execute on function ta.obv(double precision[], double precision[]) to marketbase_reader;
