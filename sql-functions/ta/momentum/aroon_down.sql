-- Gives Aroon down.
create or replace function ta.aroon_down(
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
  ages double precision[];
begin
  perform ta.check_period('aroon_down', 'period', period, 1);
  perform ta.check_series('aroon_down', 'low', low, bars);
  ages := ta.window_extreme('aroon_down', low, period + 1, period + 1, -1, 'newest age');
  if low is null then
    return null;
  end if;
  for i in period + 1..bars loop
    if ages[i] is not null then
      ages[i] := 100 * (period - ages[i]) / period;
    end if;
  end loop;
  return ages;
end
$$;

comment on function ta.aroon_down(double precision[], integer) is
$$Aroon down, 0 to 100: how recent the lowest low of the last period + 1 bars is; 100 when it is the current bar, 0 when it is period bars old. The newest
among equals counts.
Result: as long as low.
Arguments: low; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib AROON; Chande (1995).
lookback: period$$;

revoke all on function ta.aroon_down(double precision[], integer) from public;
grant execute on function ta.aroon_down(double precision[], integer) to marketbase_reader;
