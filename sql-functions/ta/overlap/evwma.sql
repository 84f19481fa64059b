-- Gives the elastic moving average weighted by volume.
create or replace function ta.evwma(
  series double precision[],
  volume double precision[],
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
  weights double precision[];
  average double precision;
  counted integer := 0;
begin
  perform ta.check_period('evwma', 'period', period, 1);
  perform ta.check_series('evwma', 'series', series, bars);
  perform ta.check_series('evwma', 'volume', volume, bars);
  if series is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  weights := ta.window_sum('evwma', volume, period, period, false);
  for i in 1..bars loop
    if abs(series[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      counted := counted + 1;
      if counted = period then
        average := series[i];
      elsif counted > period and weights[i] <> 0 and abs(series[i] - average) > 1e-280 then
        average := average + volume[i] / weights[i] * (series[i] - average);
      end if;
      if counted >= period then
        result[i] := average;
      end if;
    else
      counted := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.evwma(double precision[], double precision[], integer) is
$$Elastic volume-weighted moving average: an exponential average in which the newest bar weighs its share of the volume of the last period bars. Begins with
the value of the period-th bar. Result: as long as series, in its unit.
Arguments: series, volume, of equal length; period in bars, 1 or more. A window without volume leaves the average where it is.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TTR EVWMA; Fries (2001).
lookback: unbounded$$;

revoke all on function ta.evwma(double precision[], double precision[], integer) from public;
grant execute on function ta.evwma(double precision[], double precision[], integer) to marketbase_reader;
