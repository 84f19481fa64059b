-- Gives the percentage price oscillator.
create or replace function ta.ppo(
  series double precision[],
  fast integer default 12,
  slow integer default 26
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  fast_average double precision[];
  slow_average double precision[];
begin
  perform ta.check_period('ppo', 'fast', fast, 1);
  perform ta.check_period('ppo', 'slow', slow, 1);
  fast_average := ta.window_sum('ppo', series, least(fast, slow), least(fast, slow), true);
  slow_average := ta.window_sum('ppo', series, greatest(fast, slow), greatest(fast, slow), true);
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if slow_average[i] is not null then
      slow_average[i] := coalesce((fast_average[i] - slow_average[i]) / nullif(slow_average[i], 0) * 100, 0);
    end if;
  end loop;
  return slow_average;
end
$$;

comment on function ta.ppo(double precision[], integer, integer) is
$$Percentage price oscillator: the shorter simple moving average minus the longer one, in percent of the longer one. Result: as long as series. 0 where the
longer one is 0, as in TA-Lib.
Arguments: series; fast and slow in bars, 1 or more; they are exchanged when fast is the longer.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: slow - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib PPO with its default, simple averages.
lookback: greatest(fast, slow) - 1$$;

revoke all on function ta.ppo(double precision[], integer, integer) from public;
grant execute on function ta.ppo(double precision[], integer, integer) to marketbase_reader;
