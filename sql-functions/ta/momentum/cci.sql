-- Gives the commodity channel index.
create or replace function ta.cci(
  high double precision[],
  low double precision[],
  close double precision[],
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
  means double precision[];
  deviations double precision[];
  result double precision[];
begin
  perform ta.check_period('cci', 'period', period, 1);
  perform ta.check_series('cci', 'high', high, bars);
  perform ta.check_series('cci', 'low', low, bars);
  perform ta.check_series('cci', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  typical := ta.typprice(high, low, close);
  means := ta.window_sum('cci', typical, period, period, true);
  deviations := ta.window_mean_deviation(typical, means, period);
  result := array_fill(null::double precision, array[bars]);
  for i in period..bars loop
    if means[i] is not null then
      result[i] := case when deviations[i] > 0 then (typical[i] - means[i]) / (0.015 * deviations[i]) else 0 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cci(double precision[], double precision[], double precision[], integer) is
$$Commodity channel index: the typical price minus its simple average, over 0.015 times the mean absolute deviation from that average. Result: as long as
close, without unit.
0 where the typical price does not deviate at all, as in TA-Lib.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib CCI; Lambert (1980).
lookback: period - 1$$;

revoke all on function ta.cci(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.cci(double precision[], double precision[], double precision[], integer) to marketbase_reader;
