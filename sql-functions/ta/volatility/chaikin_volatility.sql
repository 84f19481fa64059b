-- Gives Chaikin's volatility.
create or replace function ta.chaikin_volatility(
  high double precision[],
  low double precision[],
  period integer default 10
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(high);
  ranges double precision[];
begin
  perform ta.check_period('chaikin_volatility', 'period', period, 1);
  perform ta.check_series('chaikin_volatility', 'high', high, bars);
  perform ta.check_series('chaikin_volatility', 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;

  ranges := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      ranges[i] := high[i] - low[i];
    end if;
  end loop;
  return ta.change('chaikin_volatility', ta.ema(ranges, period), period, 'percent');
end
$$;

comment on function ta.chaikin_volatility(double precision[], double precision[], integer) is
$$Chaikin's volatility: the change over period bars of the exponential average over period bars of the range high - low. Result: as long as high, in percent.
Arguments: high, low, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew; 0 where the earlier average is 0. Warm-up: 2 * period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TTR chaikinVolatility (a fraction there), Tulip cvi.
lookback: unbounded$$;

revoke all on function ta.chaikin_volatility(double precision[], double precision[], integer) from public;
grant execute on function ta.chaikin_volatility(double precision[], double precision[], integer) to marketbase_reader;
