-- Gives the moving average of one of TA-Lib's nine types.
create or replace function ta.moving_average(
  kernel text,
  series double precision[],
  period integer,
  ma_type integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_ma_type(kernel, 'ma_type', ma_type);
  perform ta.check_series(kernel, 'series', series, cardinality(series));
  return case
    when period = 1 or ma_type = 0 then ta.window_sum(kernel, series, period, period, true)
    when ma_type = 1 then ta.ema(series, period)
    when ma_type = 2 then ta.wma(series, period)
    when ma_type = 3 then ta.dema(series, period)
    when ma_type = 4 then ta.tema(series, period)
    when ma_type = 5 then ta.trima(series, period)
    when ma_type = 6 then ta.kama(series, period)
    when ma_type = 7 then ta.mama(series)
    else ta.t3(series, period)
  end;
end
$$;

comment on function ta.moving_average(text, double precision[], integer, integer) is
$$Helper of the kernels: the moving average of TA-Lib's types: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA (0.5, 0.05), 8 T3 (0.7). As in
TA-Lib a period of 1 gives the series itself, whatever the type, and MAMA has no period.
Arguments: kernel, the name for messages; series; period in bars; ma_type. Warm-up: period - 1 bars; DEMA twice, TEMA three times, T3 six times that; KAMA
period; MAMA 32.
NULL at a NULL, NaN or infinity and as long as the average of that type needs. Errors: MB001 for a bad period, type or array. Source: TA-Lib MA.$$;

revoke all on function ta.moving_average(text, double precision[], integer, integer) from public;
grant execute on function ta.moving_average(text, double precision[], integer, integer) to marketbase_reader;
