-- Gives the value some bars ago: qlib's Ref.
create or replace function ta.ref(
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
begin
  perform ta.check_period('ref', 'bars', bars, 0);
  perform ta.check_series('ref', 'series', series, length);
  if series is null then
    return null;
  end if;
  if bars >= length then
    return array_fill(null::double precision, array[length]);
  end if;
  return array_fill(null::double precision, array[bars])
    || array_replace(array_replace(array_replace(series[:length - bars], 'NaN', null), 'infinity', null), '-infinity', null);
end
$$;

comment on function ta.ref(double precision[], integer) is
$$The value some bars ago (qlib Ref, pandas shift). Result: as long as series, in its unit.
Arguments: series; bars, how many bars back, 0 or more (a negative one would look into the future and is refused).
NULL behaviour: NULL where that value is NULL, NaN or infinite. Warm-up: the first bars values are NULL.
Errors: MB001 for a bad number of bars or a bad array.
row form: lag({series}, {bars}) over bars
lookback: bars$$;

revoke all on function ta.ref(double precision[], integer) from public;
grant execute on function ta.ref(double precision[], integer) to marketbase_reader;
