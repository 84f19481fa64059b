-- Gives Chaikin's money flow.
create or replace function ta.cmf(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[],
  period integer default 20
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
  perform ta.check_period('cmf', 'period', period, 1);
  perform ta.check_series('cmf', 'high', high, bars);
  perform ta.check_series('cmf', 'low', low, bars);
  perform ta.check_series('cmf', 'close', close, bars);
  perform ta.check_series('cmf', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;

  return ta.vwma(ta.clv(high, low, close), volume, period);
end
$$;

comment on function ta.cmf(double precision[], double precision[], double precision[], double precision[], integer) is
$$Chaikin's money flow: the volume of the last period bars, each weighted with the place of the close in its bar, over that volume; -1 to 1. Result: as long
as close, without unit.
Arguments: high, low, close, volume, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity, or no volume. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TTR CMF.
lookback: period - 1$$;

revoke all on function ta.cmf(double precision[], double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.cmf(double precision[], double precision[], double precision[], double precision[], integer) to marketbase_reader;
