-- Lets a signal fade exponentially.
create or replace function ta.edecay(
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
  perform ta.check_period('edecay', 'period', period, 1);
  perform ta.check_series('edecay', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  for i in 1..bars loop
    value := case when abs(series[i]) < 'infinity' then greatest(series[i], case when value > 1e-280 then value * (1 - 1.0 / period) else 0 end) end;
    result[i] := value;
  end loop;
  return result;
end
$$;

comment on function ta.edecay(double precision[], integer) is
$$Exponential decay: the last value that was larger falls by the fraction 1 / period a bar, until the series is above it again. Result: as long as series, in
its unit.
Arguments: series, as a rule signals of 0 and 1; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which it begins anew. Warm-up: none.
Errors: MB001 for a bad period or array. Source: Tulip edecay.
lookback: unbounded$$;

revoke all on function ta.edecay(double precision[], integer) from public;
grant execute on function ta.edecay(double precision[], integer) to marketbase_reader;
