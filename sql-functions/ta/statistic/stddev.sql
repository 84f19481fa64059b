-- Gives the standard deviation of the population of the last bars.
create or replace function ta.stddev(
  series double precision[],
  period integer default 5,
  deviations double precision default 1
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[];
begin
  perform ta.check_number('stddev', 'deviations', deviations);
  result := ta.window_deviation('stddev', series, period, period, 0, false);
  if series is not null and deviations <> 1 then
    for i in 1..cardinality(result) loop
      result[i] := result[i] * deviations;
    end loop;
  end if;
  return result;
end
$$;

comment on function ta.stddev(double precision[], integer, double precision) is
$$Standard deviation of the population (divisor: period) of the last period bars, times deviations. Result: as long as series, in its unit. Exactly 0 where
all values are equal.
Arguments: series; period in bars, 1 or more; deviations, a finite factor.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period, number or array. Source: TA-Lib STDDEV.
lookback: period - 1$$;

revoke all on function ta.stddev(double precision[], integer, double precision) from public;
grant execute on function ta.stddev(double precision[], integer, double precision) to marketbase_reader;
