-- Gives the ultimate oscillator.
create or replace function ta.ultosc(
  high double precision[],
  low double precision[],
  close double precision[],
  short integer default 7,
  medium integer default 14,
  long integer default 28
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  periods integer[];
  weight double precision;
  pressure double precision[];
  extent double precision[];
  pressures double precision[];
  extents double precision[];
  result double precision[];
  before double precision;
begin
  perform ta.check_period('ultosc', 'short', short, 1);
  perform ta.check_period('ultosc', 'medium', medium, 1);
  perform ta.check_period('ultosc', 'long', long, 1);
  perform ta.check_series('ultosc', 'high', high, bars);
  perform ta.check_series('ultosc', 'low', low, bars);
  perform ta.check_series('ultosc', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  pressure := array_fill(null::double precision, array[bars]);
  extent := ta.trange(high, low, close);
  for i in 2..bars loop
    if extent[i] is not null then
      pressure[i] := close[i] - least(low[i], close[i - 1]);
    end if;
  end loop;
  -- The shortest period weighs 4, the middle one 2, the longest 1.
  select array_agg(p order by p) into periods from unnest(array[short, medium, long]) as p;
  result := array_fill(0::double precision, array[bars]);
  for k in 1..3 loop
    pressures := ta.window_sum('ultosc', pressure, periods[k], periods[k], false);
    extents := ta.window_sum('ultosc', extent, periods[k], periods[k], false);
    weight := 100 * 2 ^ (3 - k) / 7;
    for i in 1..bars loop
      result[i] := result[i] + weight * case when extents[i] = 0 then 0 else pressures[i] / extents[i] end;
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.ultosc(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Ultimate oscillator, 0 to 100: the buying pressure (close minus the lower of low and close before) over the true range, summed over three periods, weighted
4, 2 and 1.
Result: as long as close. A period whose true range is 0 counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; short, medium and long in bars, 1 or more, in any order.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: as many bars as the longest period.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ULTOSC; Williams (1985).
lookback: greatest(short, medium, long)$$;

revoke all on function ta.ultosc(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.ultosc(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
