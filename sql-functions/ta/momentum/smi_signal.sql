-- Gives the signal line of the stochastic momentum index.
create or replace function ta.smi_signal(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 13,
  fast integer default 2,
  slow integer default 25,
  signal integer default 9
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
begin
  perform ta.check_period('smi_signal', 'period', period, 1);
  perform ta.check_period('smi_signal', 'fast', fast, 1);
  perform ta.check_period('smi_signal', 'slow', slow, 1);
  perform ta.check_period('smi_signal', 'signal', signal, 1);
  perform ta.check_series('smi_signal', 'high', high, bars);
  perform ta.check_series('smi_signal', 'low', low, bars);
  perform ta.check_series('smi_signal', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;

  return ta.ema(ta.smi(high, low, close, period, fast, slow), signal);
end
$$;

comment on function ta.smi_signal(double precision[], double precision[], double precision[], integer, integer, integer, integer) is
$$Signal of the stochastic momentum index: the exponential average of ta.smi. Result: as long as close, in percent.
Arguments: as those of ta.smi; signal in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: slow + fast + signal - 3 bars.
Errors: MB001 for a bad period or arrays. Source: TTR SMI; Blau (1993).
lookback: unbounded$$;

revoke all on function ta.smi_signal(double precision[], double precision[], double precision[], integer, integer, integer, integer) from public;
grant execute on function ta.smi_signal(double precision[], double precision[], double precision[], integer, integer, integer, integer) to marketbase_reader;
