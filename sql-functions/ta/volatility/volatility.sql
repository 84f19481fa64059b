-- Gives the annualised volatility of the last one-bar returns.
create or replace function ta.volatility(
  series double precision[],
  period integer default 20,
  bars_per_year integer default 252
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
begin
  perform ta.check_period('volatility', 'period', period, 1);
  perform ta.check_period('volatility', 'bars_per_year', bars_per_year, 1);
  perform ta.check_series('volatility', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 2..bars loop
    if abs(series[i]) < 'infinity' and abs(series[i - 1]) < 'infinity' then
      result[i] := series[i] / nullif(series[i - 1], 0) - 1;
    end if;
  end loop;
  result := ta.window_deviation('volatility', result, period, period, 0, false);
  for i in 1..bars loop
    result[i] := result[i] * sqrt(bars_per_year);
  end loop;
  return result;
end
$$;

comment on function ta.volatility(double precision[], integer, integer) is
$$Historical volatility: the standard deviation of the population of the last period one-bar returns, times sqrt(bars_per_year). Result: as long as series, a
fraction per year.
Arguments: series; period in returns, 1 or more; bars_per_year, 1 or more, 252 for days.
NULL behaviour: NULL while the window has a NULL, NaN or infinity or a zero. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: Tulip volatility.
lookback: period$$;

revoke all on function ta.volatility(double precision[], integer, integer) from public;
grant execute on function ta.volatility(double precision[], integer, integer) to marketbase_reader;
