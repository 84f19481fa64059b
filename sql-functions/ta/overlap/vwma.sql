-- Gives the moving average weighted by volume.
create or replace function ta.vwma(
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
  totals double precision[];
  weights double precision[];
begin
  perform ta.check_period('vwma', 'period', period, 1);
  perform ta.check_series('vwma', 'series', series, bars);
  perform ta.check_series('vwma', 'volume', volume, bars);
  if series is null or volume is null then
    return null;
  end if;

  totals := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(series[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      totals[i] := series[i] * volume[i];
    end if;
  end loop;
  totals := ta.window_sum('vwma', totals, period, period, false);
  weights := ta.window_sum('vwma', volume, period, period, false);
  for i in 1..bars loop
    if totals[i] is not null then
      totals[i] := totals[i] / nullif(weights[i], 0);
    end if;
  end loop;
  return totals;
end
$$;

comment on function ta.vwma(double precision[], double precision[], integer) is
$$Volume-weighted moving average: the sum of series times volume over the sum of volume, in the last period bars. Result: as long as series, in its unit.
Arguments: series, volume, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity, or no volume. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: Tulip vwma; TTR WMA with volume as weights, VWMA.
lookback: period - 1$$;

revoke all on function ta.vwma(double precision[], double precision[], integer) from public;
grant execute on function ta.vwma(double precision[], double precision[], integer) to marketbase_reader;
