-- Gives the Chaikin oscillator.
create or replace function ta.adosc(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[],
  fast integer default 3,
  slow integer default 10
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  line double precision[];
  result double precision[];
  fast_weight double precision;
  slow_weight double precision;
  x double precision;
  fast_average double precision;
  slow_average double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('adosc', 'fast', fast, 1);
  perform ta.check_period('adosc', 'slow', slow, 1);
  perform ta.check_series('adosc', 'high', high, bars);
  perform ta.check_series('adosc', 'low', low, bars);
  perform ta.check_series('adosc', 'close', close, bars);
  perform ta.check_series('adosc', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  fast_weight := 2.0 / (fast + 1.0);
  slow_weight := 2.0 / (slow + 1.0);
  line := ta.ad(high, low, close, volume);
  foreach x in array line loop
    i := i + 1;
    if x is null then
      counted := 0;
    else
      counted := counted + 1;
      if counted = 1 then
        fast_average := x;
        slow_average := x;
      else
        fast_average := fast_average + fast_weight * (x - fast_average);
        slow_average := slow_average + slow_weight * (x - slow_average);
      end if;
      if counted >= greatest(fast, slow) then
        result[i] := fast_average - slow_average;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.adosc(double precision[], double precision[], double precision[], double precision[], integer, integer) is
$$Chaikin oscillator: the fast exponential average of the accumulation/distribution line minus the slow one, both seeded with the first value of the line.
Result: as long as close, in the unit of volume.
Arguments: high, low, close, volume, of equal length; fast and slow in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: the longer period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ADOSC; Chaikin.
lookback: unbounded$$;

revoke all on function ta.adosc(double precision[], double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.adosc(double precision[], double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
