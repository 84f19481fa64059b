-- Gives the middle between the largest and the smallest value of the last bars.
create or replace function ta.midpoint(
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
  highest double precision[];
  lowest double precision[];
begin
  highest := ta.window_extreme('midpoint', series, period, period, 1, 'value');
  lowest := ta.window_extreme('midpoint', series, period, period, -1, 'value');
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if highest[i] is not null then
      highest[i] := (highest[i] + lowest[i]) / 2;
    end if;
  end loop;
  return highest;
end
$$;

comment on function ta.midpoint(double precision[], integer) is
$$Middle between the largest and the smallest value of the last period bars. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MIDPOINT.
lookback: period - 1$$;

revoke all on function ta.midpoint(double precision[], integer) from public;
grant execute on function ta.midpoint(double precision[], integer) to marketbase_reader;
