-- Gives the Aroon oscillator.
create or replace function ta.aroonosc(
  high double precision[],
  low double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(low);
  high_ages double precision[];
  low_ages double precision[];
begin
  perform ta.check_period('aroonosc', 'period', period, 1);
  perform ta.check_series('aroonosc', 'high', high, bars);
  perform ta.check_series('aroonosc', 'low', low, bars);
  high_ages := ta.window_extreme('aroonosc', high, period + 1, period + 1, 1, 'newest age');
  low_ages := ta.window_extreme('aroonosc', low, period + 1, period + 1, -1, 'newest age');
  if high is null or low is null then
    return null;
  end if;
  for i in period + 1..bars loop
    low_ages[i] := 100 * (low_ages[i] - high_ages[i]) / period;
  end loop;
  return low_ages;
end
$$;

comment on function ta.aroonosc(double precision[], double precision[], integer) is
$$Aroon oscillator, -100 to 100: Aroon up minus Aroon down. Result: as long as low. The newest among equal highs or lows counts.
Arguments: high, low, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib AROONOSC; Chande (1995).
lookback: period$$;

revoke all on function ta.aroonosc(double precision[], double precision[], integer) from public;
grant execute on function ta.aroonosc(double precision[], double precision[], integer) to marketbase_reader;
