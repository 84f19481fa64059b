-- Gives the double exponential moving average.
create or replace function ta.dema(
  series double precision[],
  period integer default 30
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
  once double precision[];
  twice double precision[];
begin
  perform ta.check_period('dema', 'period', period, 1);
  perform ta.check_series('dema', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  once := ta.ema(series, period);
  twice := ta.ema(once, period);
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if twice[i] is not null then
      result[i] := 2 * once[i] - twice[i];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.dema(double precision[], integer) is
$$Double exponential moving average: twice the EMA minus the EMA of the EMA. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 2 * (period - 1) bars.
Errors: MB001 for a bad period or array. Source: TA-Lib DEMA (unstable period 0); Mulloy (1994).
lookback: unbounded$$;

revoke all on function ta.dema(double precision[], integer) from public;
grant execute on function ta.dema(double precision[], integer) to marketbase_reader;
