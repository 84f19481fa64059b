-- Gives Wilder's smoothed sum.
create or replace function ta.wilder_sum(
  series double precision[],
  period integer default 10
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
  x double precision;
  total double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('wilder_sum', 'period', period, 1);
  perform ta.check_series('wilder_sum', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);

  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      total := x + case when counted < period then total when abs(total) > 1e-290 then total * (1 - 1.0 / period) else 0 end;
      if counted >= period then
        result[i] := total;
      end if;
    else
      counted := 0;
      total := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wilder_sum(double precision[], integer) is
$$Wilder's sum: the first period - 1 bars are added up; then each bar takes the period-th part away and adds its value. Result: as long as series, in its
unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TTR wilderSum; Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.wilder_sum(double precision[], integer) from public;
grant execute on function ta.wilder_sum(double precision[], integer) to marketbase_reader;
