-- Gives the largest whole number not above each value.
create or replace function ta.floor(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('floor', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then floor(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.floor(double precision[]) is
$$The largest whole number not above each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib FLOOR.
lookback: 0$$;

revoke all on function ta.floor(double precision[]) from public;
grant execute on function ta.floor(double precision[]) to marketbase_reader;
