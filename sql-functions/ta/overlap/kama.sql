-- Gives Kaufman's adaptive moving average.
create or replace function ta.kama(
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
  steps double precision[];
  travelled double precision;
  net double precision;
  smoothing double precision;
  average double precision;
begin
  perform ta.check_period('kama', 'period', period, 1);
  perform ta.check_series('kama', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  steps := ta.delta(series, 1);
  for i in 1..bars loop
    steps[i] := abs(steps[i]);
  end loop;
  steps := ta.window_sum('kama', steps, period, period, false);
  result := array_fill(null::double precision, array[bars]);
  for i in period + 1..bars loop
    travelled := steps[i];
    if travelled is null then
      average := null;
    else
      net := abs(series[i] - series[i - period]);
      -- The efficiency ratio moves the weight of the newest bar between those of an EMA of 30 and one of 2 bars.
      smoothing := (case when net < travelled then net / travelled else 1 end * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0) ^ 2;
      average := coalesce(average, series[i - 1]);
      -- A distance that fades out of a double's range is closed, because PostgreSQL refuses to round it to 0.
      average := case when abs(series[i] - average) > 1e-290 then average + smoothing * (series[i] - average) else series[i] end;
      result[i] := average;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.kama(double precision[], integer) is
$$Kaufman adaptive moving average: an exponential average that is fast (2 bars) when the price goes straight and slow (30 bars) when it only goes to and fro.
Result: as long as series, in its unit.
Arguments: series; period of the efficiency ratio in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib KAMA (unstable period 0); Kaufman (1995).
lookback: unbounded$$;

revoke all on function ta.kama(double precision[], integer) from public;
grant execute on function ta.kama(double precision[], integer) to marketbase_reader;
