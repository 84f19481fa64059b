-- Gives a quantile of each window.
create or replace function ta.window_quantile(
  kernel text,
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
declare
  bars constant integer := cardinality(series);
  result double precision[];
  -- The values of the window in order.
  ordered double precision[] := '{}';
  counted integer := 0;
  x double precision;
  leaving double precision;
  place integer;
  wanted double precision;
  below integer;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  if period > 100 then
    return ta.window_quantile_long(series, period, quantile);
  end if;
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if i > period then
      leaving := series[i - period];
    end if;
    -- width_bucket counts the values that are not larger, by binary search.
    if x is null or abs(x) >= 'infinity' then
      if abs(leaving) < 'infinity' then
        place := width_bucket(leaving, ordered);
        ordered := ordered[:place - 1] || ordered[place + 1:];
        counted := counted - 1;
      end if;
    elsif abs(leaving) < 'infinity' then
      place := width_bucket(leaving, ordered);
      below := width_bucket(x, ordered);
      if place > below then
        ordered := ordered[:below] || array[x] || ordered[below + 1:place - 1] || ordered[place + 1:];
      else
        ordered := ordered[:place - 1] || ordered[place + 1:below] || array[x] || ordered[below + 1:];
      end if;
    else
      below := width_bucket(x, ordered);
      ordered := ordered[:below] || array[x] || ordered[below + 1:];
      counted := counted + 1;
    end if;
    if counted > 0 then
      -- Between the values at 0 and counted - 1 the quantile is interpolated.
      wanted := quantile * (counted - 1);
      below := floor(wanted) + 1;
      if wanted > below - 1 then
        result[i] := ordered[below] + (ordered[below + 1] - ordered[below]) * (wanted - (below - 1));
      else
        result[i] := ordered[below];
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_quantile(text, double precision[], integer, double precision) is
$$Helper of the kernels: a quantile of the values of each window, interpolated between neighbours.
Method: the window is kept in order as an array, where a value is found by binary search and taken out or put in by slices; longer windows by
window_quantile_long.
Arguments: kernel, the name for messages; series; period, bars per window; quantile, 0 to 1.
NULL, NaN and infinity are left out; NULL where the window has no value. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_quantile(text, double precision[], integer, double precision) from public;
grant execute on function ta.window_quantile(text, double precision[], integer, double precision) to marketbase_reader;
