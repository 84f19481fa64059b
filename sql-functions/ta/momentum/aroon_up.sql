-- Gives Aroon up.
create or replace function ta.aroon_up(
  high double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(high);
  ages double precision[];
begin
  perform ta.check_period('aroon_up', 'period', period, 1);
  perform ta.check_series('aroon_up', 'high', high, bars);
  ages := ta.window_extreme('aroon_up', high, period + 1, period + 1, 1, 'newest age');
  if high is null then
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

comment on function ta.aroon_up(double precision[], integer) is
$$Aroon up, 0 to 100: how recent the highest high of the last period + 1 bars is; 100 when it is the current bar, 0 when it is period bars old. The newest
among equals counts.
Result: as long as high.
Arguments: high; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib AROON; Chande (1995).
lookback: period$$;

revoke all on function ta.aroon_up(double precision[], integer) from public;
grant execute on function ta.aroon_up(double precision[], integer) to marketbase_reader;
