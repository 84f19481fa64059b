-- Gives Williams' accumulation/distribution line.
create or replace function ta.wad(
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
  before double precision;
  balance double precision := 0;
begin
  perform ta.check_series('wad', 'high', high, bars);
  perform ta.check_series('wad', 'low', low, bars);
  perform ta.check_series('wad', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      if before is not null then
        balance := balance + case
          when close[i] > before then close[i] - least(low[i], before)
          when close[i] < before then close[i] - greatest(high[i], before)
          else 0
        end;
        result[i] := balance;
      end if;
      before := close[i];
    else
      before := null;
      balance := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wad(double precision[], double precision[], double precision[]) is
$$Williams' accumulation/distribution: the running sum of the close's distance from the true low on a rise, from the true high on a fall. Result: as long as
close, in its unit. Only its changes mean something.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 1 bar.
Errors: MB001 for bad arrays. Source: TTR williamsAD, Tulip wad; Williams (1972).
lookback: unbounded$$;

revoke all on function ta.wad(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.wad(double precision[], double precision[], double precision[]) to marketbase_reader;
