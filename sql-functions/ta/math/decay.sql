-- Lets a signal fade in a straight line.
create or replace function ta.decay(
  series double precision[],
  period integer default 5
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
  value double precision;
begin
  perform ta.check_period('decay', 'period', period, 1);
  perform ta.check_series('decay', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    value := case when abs(series[i]) < 'infinity' then greatest(series[i], value - 1.0 / period) end;
    result[i] := value;
  end loop;
  return result;
end
$$;

comment on function ta.decay(double precision[], integer) is
$$Linear decay: the last value that was larger falls by 1 / period a bar, until the series is above it again. Result: as long as series, in its unit.
Arguments: series, as a rule signals of 0 and 1; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which it begins anew. Warm-up: none.
Errors: MB001 for a bad period or array. Source: Tulip decay.
lookback: unbounded$$;

revoke all on function ta.decay(double precision[], integer) from public;
grant execute on function ta.decay(double precision[], integer) to marketbase_reader;
