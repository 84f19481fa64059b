-- Gives the change since some bars ago: qlib's Delta.
create or replace function ta.delta(
  series double precision[],
  bars integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  length constant integer := cardinality(series);
  result double precision[];
  change double precision;
begin
  perform ta.check_period('delta', 'bars', bars, 0);
  perform ta.check_series('delta', 'series', series, length);
  if series is null or length = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[length]);
  for i in bars + 1..length loop
    if abs(series[i]) < 'infinity' and abs(series[i - bars]) < 'infinity' then
      result[i] := series[i] - series[i - bars];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.delta(double precision[], integer) is
$$The change since some bars ago: series - ref(series, bars) (qlib Delta, pandas diff). Result: as long as series, in its unit.
Arguments: series; bars, how many bars back, 0 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: the first bars values are NULL.
Errors: MB001 for a bad number of bars or a bad array.
row form: {series} - lag({series}, {bars}) over bars
lookback: bars$$;

revoke all on function ta.delta(double precision[], integer) from public;
grant execute on function ta.delta(double precision[], integer) to marketbase_reader;
