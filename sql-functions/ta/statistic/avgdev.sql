-- Gives the mean absolute deviation of the last bars.
create or replace function ta.avgdev(
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
  finite double precision[];
  means double precision[];
begin
  means := ta.window_sum('avgdev', series, period, period, true);
  if series is null or bars = 0 then
    return series;
  end if;
  select array_agg(case when abs(v.value) < 'infinity' then v.value end order by v.bar)
  into finite
  from unnest(series) with ordinality as v (value, bar);
  return ta.window_mean_deviation(finite, means, period);
end
$$;

comment on function ta.avgdev(double precision[], integer) is
$$Average deviation: the mean absolute deviation of the last period bars from their mean. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib AVGDEV.
lookback: period - 1$$;

revoke all on function ta.avgdev(double precision[], integer) from public;
grant execute on function ta.avgdev(double precision[], integer) to marketbase_reader;
