-- Gives the accumulation/distribution line.
create or replace function ta.ad(
  high double precision[],
  low double precision[],
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
  balance double precision := 0;
  extent double precision;
begin
  perform ta.check_series('ad', 'high', high, bars);
  perform ta.check_series('ad', 'low', low, bars);
  perform ta.check_series('ad', 'close', close, bars);
  perform ta.check_series('ad', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      extent := high[i] - low[i];
      if extent > 0 then
        balance := balance + ((close[i] - low[i]) - (high[i] - close[i])) / extent * volume[i];
      end if;
      result[i] := balance;
    else
      balance := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.ad(double precision[], double precision[], double precision[], double precision[]) is
$$Accumulation/distribution line: the running sum of volume times the place of the close in its bar (1 at the high, -1 at the low). Result: as long as close,
in the unit of volume.
A bar without range adds nothing. Only its changes mean something.
Arguments: high, low, close, volume, of equal length.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the sum begins anew. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib AD; Chaikin.
lookback: unbounded$$;

revoke all on function ta.ad(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.ad(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
