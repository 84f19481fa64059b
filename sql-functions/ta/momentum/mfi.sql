-- Gives the money flow index.
create or replace function ta.mfi(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  typical double precision[];
  inflow double precision[];
  flow double precision[];
  x double precision;
begin
  perform ta.check_period('mfi', 'period', period, 1);
  perform ta.check_series('mfi', 'high', high, bars);
  perform ta.check_series('mfi', 'low', low, bars);
  perform ta.check_series('mfi', 'close', close, bars);
  perform ta.check_series('mfi', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  typical := ta.typprice(high, low, close);
  inflow := array_fill(null::double precision, array[bars]);
  flow := inflow;
  for i in 2..bars loop
    x := typical[i] * volume[i];
    if abs(x) < 'infinity' and typical[i - 1] is not null then
      inflow[i] := case when typical[i] > typical[i - 1] then x else 0 end;
      flow[i] := case when typical[i] <> typical[i - 1] then x else 0 end;
    end if;
  end loop;
  inflow := ta.window_sum('mfi', inflow, period, period, false);
  flow := ta.window_sum('mfi', flow, period, period, false);
  for i in period + 1..bars loop
    if flow[i] is not null then
      inflow[i] := case when flow[i] < 1 then 0 else 100 * inflow[i] / flow[i] end;
    end if;
  end loop;
  return inflow;
end
$$;

comment on function ta.mfi(double precision[], double precision[], double precision[], double precision[], integer) is
$$Money flow index, 0 to 100: the typical price times volume of the bars whose typical price rose, in percent of that of all bars where it changed, over the
last period changes.
Result: as long as close. 0 where the money flow is less than 1, as in TA-Lib.
Arguments: high, low, close, volume, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib MFI (unstable period 0); Quong and Soudack (1989).
lookback: period$$;

revoke all on function ta.mfi(double precision[], double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.mfi(double precision[], double precision[], double precision[], double precision[], integer) to marketbase_reader;
