-- Gives the forecast oscillator.
create or replace function ta.fosc(
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
  forecasts double precision[];
begin
  perform ta.check_period('fosc', 'period', period, 2);
  perform ta.check_series('fosc', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  forecasts := ta.tsf(series, period);
  for i in 2..bars loop
    if forecasts[i - 1] is not null and abs(series[i]) < 'infinity' then
      result[i] := 100 * (series[i] - forecasts[i - 1]) / nullif(series[i], 0);
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.fosc(double precision[], integer) is
$$Forecast oscillator: by how much the value differs from what the regression line of the period bars before it forecast. Result: as long as series, in
percent of the value.
Arguments: series; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity, and where the value is 0. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: Tulip fosc; Chande.
lookback: period$$;

revoke all on function ta.fosc(double precision[], integer) from public;
grant execute on function ta.fosc(double precision[], integer) to marketbase_reader;
