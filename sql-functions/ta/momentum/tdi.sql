-- Gives the trend detection index.
create or replace function ta.tdi(
  series double precision[],
  period integer default 20,
  multiple integer default 2
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  momenta double precision[];
  direction double precision[];
  once double precision[];
  whole double precision[];
begin
  perform ta.check_period('tdi', 'period', period, 1);
  perform ta.check_period('tdi', 'multiple', multiple, 1);
  perform ta.check_series('tdi', 'series', series, bars);
  if series is null then
    return null;
  end if;

  momenta := ta.change('tdi', series, period, 'difference');
  direction := ta.window_sum('tdi', momenta, period, period, false);
  for i in 1..bars loop
    momenta[i] := abs(momenta[i]);
  end loop;
  once := ta.window_sum('tdi', momenta, period, period, false);
  whole := ta.window_sum('tdi', momenta, period * multiple, period * multiple, false);
  for i in 1..bars loop
    direction[i] := abs(direction[i]) - (whole[i] - once[i]);
  end loop;
  return direction;
end
$$;

comment on function ta.tdi(double precision[], integer, integer) is
$$Trend detection index: the absolute sum of the last period momenta over period bars, less by how much the sum of absolute momenta of multiple * period bars
exceeds that of period bars. Positive in a trend. Result: as long as series, in its unit.
Arguments: series; period in bars and multiple, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: (multiple + 1) * period - 1 bars; TTR has values earlier, for which momenta
before the first one count as 0.
Errors: MB001 for a bad period or array. Source: TTR TDI; Pee.
lookback: (multiple + 1) * period - 1$$;

revoke all on function ta.tdi(double precision[], integer, integer) from public;
grant execute on function ta.tdi(double precision[], integer, integer) to marketbase_reader;
