-- Gives the zero-lag exponential moving average.
create or replace function ta.zlema(
  series double precision[],
  period integer default 10
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
  shifted double precision;
  average double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('zlema', 'period', period, 1);
  perform ta.check_series('zlema', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);

  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if counted > period then
        shifted := 2 * x - (series[i - (period + 1) / 2] + series[i - (period + 2) / 2]) / 2;
        average := average + case when abs(shifted - average) > 1e-290 then 2.0 / (period + 1.0) * (shifted - average) else shifted - average end;
      else
        average := average + (x - average) / counted;
      end if;
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

comment on function ta.zlema(double precision[], integer) is
$$Zero-lag exponential moving average: an EMA of each value plus its change over (period + 1) / 2 bars, seeded with the simple average of the first period
bars. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more. For an even period the earlier value lies in the middle between two bars.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TTR ZLEMA; Ehlers and Way (2010). Tulip's zlema takes the change over (period - 1) / 2 bars and seeds with
one value.
lookback: unbounded$$;

revoke all on function ta.zlema(double precision[], integer) from public;
grant execute on function ta.zlema(double precision[], integer) to marketbase_reader;
