-- Gives a quantile of the last bars: qlib's Quantile.
create or replace function ta.rolling_quantile(
  series double precision[],
  period integer,
  quantile double precision
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_number('rolling_quantile', 'quantile', quantile);
  if quantile not between 0 and 1 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.rolling_quantile: quantile must be a fraction from 0 to 1, not %s.', quantile),
      hint = 'Write 0.8 for the value that four fifths of the window do not exceed.';
  end if;
  return ta.window_order('rolling_quantile', series, array[period], array[quantile]);
end
$$;

comment on function ta.rolling_quantile(double precision[], integer, double precision) is
$$Quantile of the last period bars (qlib Quantile, pandas rolling(period, min_periods = 1).quantile(quantile)), interpolated between neighbours. Result: as
long as series, in its unit.
Arguments: series; period in bars, 1 or more; quantile, a fraction from 0 to 1.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period, quantile or array.
lookback: period - 1$$;

revoke all on function ta.rolling_quantile(double precision[], integer, double precision) from public;
grant execute on function ta.rolling_quantile(double precision[], integer, double precision) to marketbase_reader;
