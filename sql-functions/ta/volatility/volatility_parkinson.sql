-- Gives Parkinson's volatility from highs and lows.
create or replace function ta.volatility_parkinson(
  high double precision[],
  low double precision[],
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
  bars constant integer := cardinality(low);
  result double precision[];
begin
  perform ta.check_period('volatility_parkinson', 'period', period, 1);
  perform ta.check_period('volatility_parkinson', 'bars_per_year', bars_per_year, 1);
  perform ta.check_series('volatility_parkinson', 'high', high, bars);
  perform ta.check_series('volatility_parkinson', 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    if high[i] > 0 and high[i] < 'infinity' and low[i] > 0 and low[i] < 'infinity' then
      result[i] := ln(high[i] / low[i]) ^ 2;
    end if;
  end loop;
  result := ta.window_sum('volatility_parkinson', result, period, period, true);
  for i in 1..bars loop
    result[i] := case when result[i] >= 0 then sqrt(bars_per_year * result[i] / (4 * ln(2::double precision))) end;
  end loop;
  return result;
end
$$;

comment on function ta.volatility_parkinson(double precision[], double precision[], integer, integer) is
$$Parkinson's volatility: the root of the mean squared logarithmic range over 4 ln 2, in the last period bars, times sqrt(bars_per_year). Result: as long as
low, a fraction per year.
Arguments: high, low, of equal length; period in bars, 1 or more; bars_per_year, 1 or more, 252 for days.
NULL behaviour: NULL while the window has a NULL, NaN or infinity or a price that is not positive, or bad bars make the variance negative. Warm-up: period
- 1 bars.
Errors: MB001 for a bad period or arrays. Source: TTR volatility(calc = "parkinson"), with N = bars_per_year.
lookback: period - 1$$;

revoke all on function ta.volatility_parkinson(double precision[], double precision[], integer, integer) from public;
grant execute on function ta.volatility_parkinson(double precision[], double precision[], integer, integer) to marketbase_reader;
