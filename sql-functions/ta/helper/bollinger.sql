-- Gives one of the three Bollinger bands.
create or replace function ta.bollinger(
  kernel text,
  series double precision[],
  period integer,
  deviations double precision,
  ma_type integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  result double precision[];
begin
  perform ta.check_number(kernel, 'deviations', deviations);
  select array_agg(m.value + deviations * s.value order by m.bar)
  into result
  from unnest(ta.moving_average(kernel, series, period, ma_type)) with ordinality as m (value, bar)
  join unnest(ta.window_deviation(kernel, series, period, period, 0, false)) with ordinality as s (value, bar) using (bar);
  return case when bars = 0 then series else result end;
end
$$;

comment on function ta.bollinger(text, double precision[], integer, double precision, integer) is
$$Helper of the kernels: the moving average of a type (0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA (0.5, 0.05), 8 T3 (0.7)) plus some
standard deviations of the population, which are always those from the simple average.
Arguments: kernel, the name for messages; series; period in bars; deviations, how many, negative for the lower band; ma_type. NULL while the window has a
NULL, NaN or infinity, and while the average is NULL.
Errors: MB001 for a bad period, number, type or array.$$;

revoke all on function ta.bollinger(text, double precision[], integer, double precision, integer) from public;
grant execute on function ta.bollinger(text, double precision[], integer, double precision, integer) to marketbase_reader;
