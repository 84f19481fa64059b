-- Gives the rate of change of the triple-smoothed average.
create or replace function ta.trix(
  series double precision[],
  period integer default 30
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period('trix', 'period', period, 1);
  perform ta.check_series('trix', 'series', series, cardinality(series));
  return ta.change('trix', ta.ema(ta.ema(ta.ema(series, period), period), period), 1, 'percent');
end
$$;

comment on function ta.trix(double precision[], integer) is
$$TRIX: the change over one bar, in percent, of the exponential average of the exponential average of the exponential average. Result: as long as series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 3 * (period - 1) + 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib TRIX (unstable period 0); Hutson (1983).
lookback: unbounded$$;

revoke all on function ta.trix(double precision[], integer) from public;
grant execute on function ta.trix(double precision[], integer) to marketbase_reader;
