-- Gives the stochastic momentum index.
create or replace function ta.smi(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 13,
  fast integer default 2,
  slow integer default 25
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  highest double precision[];
  lowest double precision[];
  distances double precision[];
  ranges double precision[];
begin
  perform ta.check_period('smi', 'period', period, 1);
  perform ta.check_period('smi', 'fast', fast, 1);
  perform ta.check_period('smi', 'slow', slow, 1);
  perform ta.check_series('smi', 'high', high, bars);
  perform ta.check_series('smi', 'low', low, bars);
  perform ta.check_series('smi', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;

  highest := ta.window_extreme('smi', high, period, period, 1, 'value');
  lowest := ta.window_extreme('smi', low, period, period, -1, 'value');
  distances := array_fill(null::double precision, array[bars]);
  ranges := distances;
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      distances[i] := close[i] - (coalesce(highest[i], high[i]) + coalesce(lowest[i], low[i])) / 2;
      ranges[i] := coalesce(highest[i], high[i]) - coalesce(lowest[i], low[i]);
    end if;
  end loop;
  distances := ta.ema(ta.ema(distances, slow), fast);
  ranges := ta.ema(ta.ema(ranges, slow), fast);
  for i in 1..bars loop
    if distances[i] is not null then
      distances[i] := coalesce(200 * distances[i] / nullif(ranges[i], 0), 0);
    end if;
  end loop;
  return distances;
end
$$;

comment on function ta.smi(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Stochastic momentum index: the distance of the close from the middle of the range of the last period bars, over half that range, both averaged
exponentially over slow and then over fast bars. Result: as long as close, in percent, -100 to 100.
Arguments: high, low, close, of equal length; period, fast and slow in bars, 1 or more. While the range has fewer than period bars, the bar's own range
counts, as in TTR. 0 where there is no range.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: slow + fast - 2 bars.
Errors: MB001 for a bad period or arrays. Source: TTR SMI; Blau (1993).
lookback: unbounded$$;

revoke all on function ta.smi(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.smi(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
