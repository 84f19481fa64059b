-- Gives Wilder's moving average.
create or replace function ta.wilders(
  series double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  result double precision[];
  x double precision;
  average double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('wilders', 'period', period, 1);
  perform ta.check_series('wilders', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);

  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      -- The mean of the first bars is the seed. A distance too small for a double's range is closed at once.
      average := average + case when abs(x - average) > 1e-290 then (x - average) / least(counted, period) else x - average end;
      if counted >= period then
        result[i] := average;
      end if;
    else
      counted := 0;
      average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wilders(double precision[], integer) is
$$Wilder's moving average: exponential with the weight 1 / period for the newest bar, seeded with the simple average of the first period bars. Result: as
long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: Wilder (1978); TTR EMA with wilder = TRUE, Tulip wilders.
lookback: unbounded$$;

revoke all on function ta.wilders(double precision[], integer) from public;
grant execute on function ta.wilders(double precision[], integer) to marketbase_reader;
