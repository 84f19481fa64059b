-- Gives Klinger's volume oscillator.
create or replace function ta.kvo(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[],
  short integer default 34,
  long integer default 55
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
  level double precision;
  before double precision;
  turn integer := 0;
  travelled double precision := 0;
  force double precision;
  quick double precision;
  slow double precision;
begin
  perform ta.check_period('kvo', 'short', short, 1);
  perform ta.check_period('kvo', 'long', long, 1);
  perform ta.check_series('kvo', 'high', high, bars);
  perform ta.check_series('kvo', 'low', low, bars);
  perform ta.check_series('kvo', 'close', close, bars);
  perform ta.check_series('kvo', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      level := high[i] + low[i] + close[i];
      if before is not null then
        if level <> before and sign(level - before) <> turn then
          turn := sign(level - before);
          travelled := high[i - 1] - low[i - 1];
        end if;
        travelled := travelled + (high[i] - low[i]);
        force := coalesce(volume[i] * abs(2 * (high[i] - low[i]) / nullif(travelled, 0) - 1) * case when turn < 0 then -100 else 100 end, 0);
        quick := coalesce(quick + case when abs(force - quick) > 1e-290 then 2.0 / (short + 1.0) * (force - quick) else force - quick end, force);
        slow := coalesce(slow + case when abs(force - slow) > 1e-290 then 2.0 / (long + 1.0) * (force - slow) else force - slow end, force);
        result[i] := quick - slow;
      end if;
      before := level;
    else
      before := null;
      turn := 0;
      travelled := 0;
      quick := null;
      slow := null;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.kvo(double precision[], double precision[], double precision[], double precision[], integer, integer) is
$$Klinger's volume oscillator: the short minus the long exponential average of the volume force, both begun with its first value. The force is the volume,
positive in a trend up and negative in one down, times how much the bar's range differs from half of the trend's sum of ranges.
Result: as long as close, in the unit of volume times 100. The trend turns when high + low + close changes direction; before its first turn it counts as
up.
Arguments: high, low, close, volume, of equal length; short and long in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 1 bar.
Errors: MB001 for a bad period or arrays. Source: Tulip kvo; Klinger (1997).
lookback: unbounded$$;

revoke all on function ta.kvo(double precision[], double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.kvo(double precision[], double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
