-- Gives the exponential moving average.
create or replace function ta.ema(
  series double precision[],
  period integer default 30,
  unstable integer default 0
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
  decay double precision;
  x double precision;
  average double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('ema', 'period', period, 1);
  perform ta.check_period('ema', 'unstable', unstable, 0);
  perform ta.check_series('ema', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);

  decay := (period - 1.0) / (period + 1.0);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if counted > period then
        -- A distance that fades out of a double's range is closed, because PostgreSQL refuses to round it to 0.
        average := x + case when abs(average - x) > 1e-290 then decay * (average - x) else 0 end;
      else
        -- The mean of the first bars is the seed; built up so that a constant stays what it is.
        average := average + (x - average) / counted;
      end if;
      if counted >= period + unstable then
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

comment on function ta.ema(double precision[], integer, integer) is
$$Exponential moving average with the weight 2 / (period + 1) for the newest bar, seeded with the simple average of the first period bars. Result: as long as
series, in its unit.
Arguments: series; period in bars, 1 or more; unstable, so many values after the seed's bar are not shown, because they still depend on it: 0 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 + unstable bars.
Errors: MB001 for a bad period or array. Source: TA-Lib EMA (compatibility default; unstable is its unstable period).
lookback: unbounded$$;

revoke all on function ta.ema(double precision[], integer, integer) from public;
grant execute on function ta.ema(double precision[], integer, integer) to marketbase_reader;
