-- Gives Rogers and Satchell's volatility, which allows for drift.
create or replace function ta.volatility_rogers_satchell(
  open double precision[],
  high double precision[],
  low double precision[],
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
begin
  perform ta.check_period('volatility_rogers_satchell', 'period', period, 1);
  perform ta.check_period('volatility_rogers_satchell', 'bars_per_year', bars_per_year, 1);
  perform ta.check_series('volatility_rogers_satchell', 'open', open, bars);
  perform ta.check_series('volatility_rogers_satchell', 'high', high, bars);
  perform ta.check_series('volatility_rogers_satchell', 'low', low, bars);
  perform ta.check_series('volatility_rogers_satchell', 'close', close, bars);
  if open is null or high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    if open[i] > 0 and open[i] < 'infinity' and high[i] > 0 and high[i] < 'infinity' and low[i] > 0 and low[i] < 'infinity' and close[i] > 0 and close[i] < 'infinity' then
      result[i] := ln(high[i] / close[i]) * ln(high[i] / open[i]) + ln(low[i] / close[i]) * ln(low[i] / open[i]);
    end if;
  end loop;
  result := ta.window_sum('volatility_rogers_satchell', result, period, period, true);
  for i in 1..bars loop
    result[i] := case when result[i] >= 0 then sqrt(bars_per_year * result[i]) end;
  end loop;
  return result;
end
$$;

comment on function ta.volatility_rogers_satchell(double precision[], double precision[], double precision[], double precision[], integer, integer) is
$$Rogers and Satchell's volatility: the root of the mean of ln(high / close) ln(high / open) + ln(low / close) ln(low / open), in the last period bars, times
sqrt(bars_per_year); right also where prices drift. Result: as long as close, a fraction per year.
Arguments: open, high, low, close, of equal length; period in bars, 1 or more; bars_per_year, 1 or more, 252 for days.
NULL behaviour: NULL while the window has a NULL, NaN or infinity or a price that is not positive, or bad bars make the variance negative. Warm-up: period
- 1 bars.
Errors: MB001 for a bad period or arrays. Source: TTR volatility(calc = "rogers.satchell"), with N = bars_per_year.
lookback: period - 1$$;

revoke all on function ta.volatility_rogers_satchell(double precision[], double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.volatility_rogers_satchell(double precision[], double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
