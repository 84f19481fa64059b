-- Gives the annualised volatility of the last logarithmic returns.
create or replace function ta.volatility_close(
  close double precision[],
  period integer default 10,
  bars_per_year integer default 252
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  means double precision[];
begin
  perform ta.check_period('volatility_close', 'period', period, 3);
  perform ta.check_period('volatility_close', 'bars_per_year', bars_per_year, 1);
  perform ta.check_series('volatility_close', 'close', close, bars);
  if close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 2..bars loop
    if close[i] > 0 and close[i] < 'infinity' and close[i - 1] > 0 and close[i - 1] < 'infinity' then
      result[i] := ln(close[i] / close[i - 1]);
    end if;
  end loop;
  means := ta.window_sum('volatility_close', result, period - 1, period - 1, true);
  for i in 1..bars loop
    result[i] := case when abs(result[i] - means[i]) > 1e-150 then (result[i] - means[i]) ^ 2 when means[i] is not null then 0 end;
  end loop;
  result := ta.window_sum('volatility_close', result, period - 1, period - 1, false);
  for i in 1..bars loop
    result[i] := sqrt(bars_per_year * result[i] / (period - 2));
  end loop;
  return result;
end
$$;

comment on function ta.volatility_close(double precision[], integer, integer) is
$$Close-to-close volatility: the root of the sum, over the last period - 1 logarithmic returns, of the squared distance of each from the mean of the period -
1 returns that end with it, over period - 2, times sqrt(bars_per_year). Result: as long as close, a fraction per year.
Arguments: close; period in closes, 3 or more; bars_per_year, 1 or more, 252 for days. ta.volatility measures from one mean and begins earlier.
NULL behaviour: NULL while the window has a NULL, NaN or infinity or a price that is not positive. Warm-up: 2 * period - 3 bars.
Errors: MB001 for a bad period or array. Source: TTR volatility(calc = "close"), with N = bars_per_year.
lookback: 2 * period - 3$$;

revoke all on function ta.volatility_close(double precision[], integer, integer) from public;
grant execute on function ta.volatility_close(double precision[], integer, integer) to marketbase_reader;
