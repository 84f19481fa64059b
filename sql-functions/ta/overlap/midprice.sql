-- Gives the middle between the highest high and the lowest low of the last bars.
create or replace function ta.midprice(
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
  bars constant integer := cardinality(high);
  highest double precision[];
  lowest double precision[];
begin
  perform ta.check_series('midprice', 'high', high, bars);
  perform ta.check_series('midprice', 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;

  highest := ta.window_extreme('midprice', high, period, period, 1, 'value');
  lowest := ta.window_extreme('midprice', low, period, period, -1, 'value');
  for i in 1..bars loop
    if highest[i] is not null then
      highest[i] := (highest[i] + lowest[i]) / 2;
    end if;
  end loop;
  return highest;
end
$$;

comment on function ta.midprice(double precision[], double precision[], integer) is
$$Middle between the highest high and the lowest low of the last period bars; Ichimoku's conversion line with 9 bars, his base line with 26. Result: as long
as high, in its unit.
Arguments: high, low, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib MIDPRICE.
lookback: period - 1$$;

revoke all on function ta.midprice(double precision[], double precision[], integer) from public;
grant execute on function ta.midprice(double precision[], double precision[], integer) to marketbase_reader;
