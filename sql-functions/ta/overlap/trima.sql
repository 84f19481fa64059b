-- Gives the triangular moving average.
create or replace function ta.trima(
  series double precision[],
  period integer default 30
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  shorter constant integer := (period + 1) / 2;
  longer constant integer := period / 2 + 1;
begin
  perform ta.check_period('trima', 'period', period, 1);
  return ta.window_sum('trima', ta.window_sum('trima', series, shorter, shorter, true), longer, longer, true);
end
$$;

comment on function ta.trima(double precision[], integer) is
$$Triangular moving average: the simple average of the simple average, so that the middle of the last period bars weighs most. Result: as long as series, in
its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib TRIMA: both averages over (period + 1) / 2 bars for an odd period, over period / 2 and period / 2 +
1 for an even one.
lookback: period - 1$$;

revoke all on function ta.trima(double precision[], integer) from public;
grant execute on function ta.trima(double precision[], integer) to marketbase_reader;
