-- Gives the vertical horizontal filter.
create or replace function ta.vhf(
  series double precision[],
  period integer default 28
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
  travelled double precision[];
begin
  perform ta.check_period('vhf', 'period', period, 1);
  perform ta.check_series('vhf', 'series', series, bars);
  if series is null then
    return null;
  end if;

  highest := ta.window_extreme('vhf', series, period, period, 1, 'value');
  lowest := ta.window_extreme('vhf', series, period, period, -1, 'value');
  travelled := ta.delta(series, 1);
  for i in 1..bars loop
    travelled[i] := abs(travelled[i]);
  end loop;
  travelled := ta.window_sum('vhf', travelled, period, period, false);
  for i in 1..bars loop
    travelled[i] := coalesce((highest[i] - lowest[i]) / nullif(travelled[i], 0), travelled[i]);
  end loop;
  return travelled;
end
$$;

comment on function ta.vhf(double precision[], integer) is
$$Vertical horizontal filter: the range of the last period values over the sum of the last period absolute changes; near 1 in a trend, low in a sideways
market. Result: as long as series, without unit.
Arguments: series; period in bars, 1 or more. 0 where nothing moves.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TTR VHF, Tulip vhf; White (1991).
lookback: period$$;

revoke all on function ta.vhf(double precision[], integer) from public;
grant execute on function ta.vhf(double precision[], integer) to marketbase_reader;
