-- Gives one of the three Bollinger bands.
create or replace function ta.bollinger(
  kernel text,
  series double precision[],
  period integer,
  deviations double precision
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
  from unnest(ta.window_sum(kernel, series, period, period, true)) with ordinality as m (value, bar)
  join unnest(ta.window_deviation(kernel, series, period, period, 0, false)) with ordinality as s (value, bar) using (bar);
  return case when bars = 0 then series else result end;
end
$$;

comment on function ta.bollinger(text, double precision[], integer, double precision) is
$$Helper of the kernels: the simple moving average plus some standard deviations of the population.
Arguments: kernel, the name for messages; series; period in bars; deviations, how many, negative for the lower band. NULL while the window has a NULL, NaN
or infinity.
Errors: MB001 for a bad period, number or array.$$;

revoke all on function ta.bollinger(text, double precision[], integer, double precision) from public;
grant execute on function ta.bollinger(text, double precision[], integer, double precision) to marketbase_reader;
